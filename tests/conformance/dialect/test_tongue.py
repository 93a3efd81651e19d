"""A server with another tongue is judged as one without: by its dialect alone, and not without it."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conformance.embedded import embedded
from conformance.errors import TargetUnreachable
from conformance.results import Calibration, Observation, Outcome, Result
from conformance.run import Course, Options, run
from conformance.target import read_target
from tests.doubles.tongue.__main__ import main
from tests.forked import forked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.dialect import Dialect
    from conformance.scenario.steps import Scenario
    from conformance.spec import Spec

TARGET = Path(__file__).parents[2] / "doubles" / "tongue" / "target.yaml"


@dataclass(frozen=True)
class Played:
    results: list[Result]
    used: set[str]
    dialect: Dialect | None


def play(spec: Spec, scenarios: Sequence[Scenario], target_file: Path = TARGET) -> Played:
    """Play against a server of its own, started with the embedded one's timers."""

    async def go() -> Played:
        async with embedded(spec, forked(main)) as (started, server):
            read = read_target(target_file, spec, instances=started.instances, secret=server.secret)
            target = replace(read, profile=started.profile)
            records: list[Calibration | Result | Observation] = []
            course = Course()
            options = Options(jobs=16, probes=False)
            await run(spec, target, scenarios, (), options, records.append, course, server.restart)
            return Played([one for one in records if isinstance(one, Result)], course.used, target.dialect)

    return asyncio.run(go())


def some_of_each_feature(spec: Spec, most: int) -> list[Scenario]:
    """Give the first scenarios of each feature that wait for no timer, one of each file."""
    chosen: dict[str, dict[str, Scenario]] = defaultdict(dict)
    for one in spec.scenarios.values():
        if "slow" not in one.tags and not one.exclusive and len(chosen[one.feature]) < most:
            chosen[one.feature].setdefault(one.base, one)
    return [one for some in chosen.values() for one in some.values()]


def wrong(tmp_path: Path, pattern: str, instead: str) -> Path:
    """Write the target file with one entry changed."""
    text = TARGET.read_text(encoding="utf-8")
    changed = re.sub(pattern, instead, text, count=1, flags=re.DOTALL)
    assert changed != text
    file = tmp_path / "target.yaml"
    file.write_text(changed, encoding="utf-8")
    return file


@pytest.mark.timeout(120)
def test_every_feature_holds_through_the_dialect(whole_spec: Spec) -> None:
    raw = [one for one in whole_spec.scenarios.values() if one.base.startswith(RAW) and not one.exclusive]
    scenarios = {one.id: one for one in (*some_of_each_feature(whole_spec, 4), *raw)}
    played = play(whole_spec, list(scenarios.values()))
    bad = {one.scenario: one.problems for one in played.results if one.outcome not in GOOD or one.findings}
    assert bad == {}
    assert len({one.feature for one in played.results if one.outcome is Outcome.PASS}) >= 24
    assert played.dialect is not None
    entries = {one.entry for one in played.dialect.differences}
    assert played.used <= entries
    assert {
        "discriminator",
        "envelope",
        "ids",
        "objects.Reaction.user_ids",
        "incoming.types.SendMessage",
    } <= played.used
    assert "values.code.internal" in entries - played.used


GOOD = {Outcome.PASS, Outcome.NOT_APPLICABLE}
RAW = tuple(
    f"websocket-connection.{name}"
    for name in (
        "fragments",
        "not-a-request",
        "hostile-json",
        "frame-",
        "binary-frame",
        "invalid-utf8",
        "ids-in",
        "unknown",
    )
)
"""What sends raw texts, broken in all ways."""


def test_without_its_dialect_the_same_server_cannot_be_judged(whole_spec: Spec, tmp_path: Path) -> None:
    file = wrong(tmp_path, r"\ndialect:.*", "\n")
    scenario = [whole_spec.scenarios["ping-pong.one-pong-per-ping"]]
    try:
        played = play(whole_spec, scenario, file)
    except TargetUnreachable:
        return  # as good: the run says so, and exits with 3
    assert {one.outcome for one in played.results}.isdisjoint(GOOD)


WRONG = [
    ("sender_id: author", "sender_id: writer", "`sender_id` is missing"),
    ("envelope: [^\n]*", "envelope: {member: payload, extra: {v: 3}}", "it has no `payload`, which holds the fields"),
    ("NewMessage: message", "NewMessage: message.new", "its `event` is 'message', which is not in the protocol"),
    ('message_id: "no"', "message_id: number", "`message_id` is missing"),
    (
        "ids: integer",
        "ids: {user: integer, conversation: integer, message: opaque}",
        "on the wire, where the target's dialect has a text of 1 to 256 characters",
    ),
]


@pytest.mark.parametrize(("pattern", "instead", "message"), WRONG)
def test_a_wrong_entry_fails_where_it_is_wrong(
    pattern: str, instead: str, message: str, whole_spec: Spec, tmp_path: Path
) -> None:
    scenarios = [one for one in whole_spec.scenarios.values() if one.base == "send-message.arrives-once"]
    assert scenarios
    played = play(whole_spec, scenarios, wrong(tmp_path, pattern, instead))
    told = [problem.message for one in played.results for problem in (*one.problems, *one.findings)]
    assert any(message in one for one in told), told
