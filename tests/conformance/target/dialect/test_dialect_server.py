"""A server with another dialect gets the same judgement, and only with the dialect in its target file."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from conformance.errors import TargetUnreachable
from conformance.results.model import Outcome
from tests.conformance.target.dialect.judged import GOOD, TARGET, Ran, run_against, some_of_each_feature
from tests.doubles.dialect_server.__main__ import main
from tests.forked import forked

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.spec import Spec

pytestmark = pytest.mark.end_to_end


@pytest.mark.timeout(120)
def test_every_feature_holds_through_the_dialect(whole_spec: Spec) -> None:
    raw = [one for one in whole_spec.scenarios.values() if one.base.startswith(RAW) and not one.exclusive]
    scenarios = {one.id: one for one in (*some_of_each_feature(whole_spec, 4), *raw)}
    (ran,) = run_against(whole_spec, list(scenarios.values()), forked(main), TARGET)
    bad = {one.scenario: one.problems for one in ran.results if one.outcome not in GOOD or one.findings}
    assert bad == {}
    assert len({one.feature for one in ran.results if one.outcome is Outcome.PASS}) >= 24
    used = {row.entry: row.used for row in ran.report.differences}
    for entry in ("discriminator", "envelope", "ids", "objects.Reaction.user_ids", "incoming.types.SendMessage"):
        assert used[entry] is True
    assert used["values.code.internal"] is False


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


SECTION = r"dialect:.*"
WRONG = {
    "only its ids": (SECTION, "dialect: {ids: integer}", "its `type` is None, which is not in the protocol"),
    "a field": ("sender_id: author", "sender_id: writer", "`sender_id` is missing"),
    "an id": ('message_id: "no"', "message_id: number", "`message_id` is missing"),
    "a type": ("NewMessage: message", "NewMessage: new", "its `event` is 'message', which is not in the protocol"),
    "the envelope": (r"\{member: data", "{member: payload", "it has no `payload`, which holds the fields"),
    "the form of ids": (
        "ids: integer",
        "ids: {user: integer, conversation: integer, message: opaque}",
        "on the wire, where the target's dialect has a text of 1 to 256 characters",
    ),
}


def changed(folder: Path, name: str, pattern: str, instead: str) -> Path:
    """Write the target file with one entry changed."""
    text = TARGET.read_text(encoding="utf-8")
    other = re.sub(pattern, instead, text, count=1, flags=re.DOTALL)
    assert other != text
    file = folder / f"{name}.yaml"
    file.write_text(other, encoding="utf-8")
    return file


@pytest.fixture(scope="module")
def wrong(whole_spec: Spec, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Ran]:
    """What comes of each wrong entry, in a scenario that sends one message."""
    folder = tmp_path_factory.mktemp("wrong")
    scenarios = [one for one in whole_spec.scenarios.values() if one.base == "send-message.arrives-once"]
    assert scenarios
    files = [changed(folder, name, pattern, instead) for name, (pattern, instead, _) in WRONG.items()]
    return dict(zip(WRONG, run_against(whole_spec, scenarios, forked(main), *files), strict=True))


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_entry_fails_where_it_is_wrong(name: str, wrong: dict[str, Ran]) -> None:
    message = WRONG[name][2]
    results = wrong[name].results
    found = [problem for one in results for problem in (*one.problems, *one.findings) if message in problem.message]
    assert found
    assert {problem.rule for problem in found} - {None}
    assert "OK" not in {str(row.judged.verdict) for row in wrong[name].report.features}
    shown = [one.transcript[problem.entry] for one in results for problem in one.findings if problem.entry is not None]
    assert shown
    assert all('"event"' in entry.wire for entry in shown if entry.frame and "type" in entry.frame)


def test_without_its_dialect_the_same_server_lets_nobody_in(whole_spec: Spec, tmp_path: Path) -> None:
    scenario = [whole_spec.scenarios["ping-pong.one-pong-per-ping"]]
    with pytest.raises(TargetUnreachable):
        run_against(whole_spec, scenario, forked(main), changed(tmp_path, "none", SECTION, ""))
