"""What the whole suite says of the two old servers, feature by feature: nothing is OK that they do not truly have.

    the acknowledging server   has the greeting, answers Ping, and says yes to five requests without doing any
    the relaying server        asks for a token, and repeats what it is told; nothing that it says is of the protocol

What they are judged to have depends on nothing that happens to run at the same time.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from conformance.cli.recording import make_header
from conformance.engine.run.options import Options
from conformance.engine.run.run import run
from conformance.engine.run.state import RunState
from conformance.report import FILES, FORMATS, build
from conformance.results.model import Calibration, Outcome, Result
from conformance.results.runlog import Footer, Run
from conformance.results.runlog.transcripts import ENTRIES, Transcripts
from conformance.results.verdict import Judgement, Status, judge
from conformance.wire.connection import Connection
from reference_server.earlier.acknowledge_everything import acknowledging
from reference_server.earlier.relay_everything import relaying
from tests.conformance.report.valid import check
from tests.conformance.run_contexts import SECRET, target_at

if TYPE_CHECKING:
    from collections.abc import Callable

    from _pytest.mark.structures import ParameterSet

    from conformance.results.model import Observation
    from conformance.scenario.model import Scenario
    from conformance.spec import Spec

    Choice = Callable[[Spec, frozenset[str]], Spec]

pytestmark = pytest.mark.end_to_end

TIMERS = {"rate_window": 1.0, "typing_expiry": 0.5, "token_leeway": 0.5, "rest": 0.5}
UNKNOWN_TO_THE_ACKNOWLEDGER = {
    *("edit_message", "delete_message", "fetch_history", "search_messages", "sync_messages", "typing_indicators"),
    *("delivered_status", "reactions"),
    *("call_offer", "call_answer", "ice_candidate", "call_hangup", "call_reject"),
}
WITH_ALL_CASES = frozenset({"jwt_authentication"})
"""Of the others the first case of each scenario is enough for a verdict."""
WITH_ALL_SCENARIOS = WITH_ALL_CASES | {"websocket_connection", "ping_pong", "rate_limiting", "action_confirmed"}
"""Of the others the first scenario of the same rules is enough for a verdict."""
WITH_ALL_ROLES = "permissions.refused-join-brings-no-events"


def most_of(spec: Spec, with_all: frozenset[str]) -> Spec:
    """Give the spec with the first case of each scenario, and with all cases of a few features."""
    return _first_of(spec, lambda one: one.id if one.feature in with_all else (one.feature, one.base))


def few_of(spec: Spec, with_all: frozenset[str]) -> Spec:
    """Give the spec with the first scenario of the same rules, and with more where that alone decides a verdict."""

    def kind(one: Scenario) -> object:
        if one.feature in with_all & WITH_ALL_CASES or one.base == WITH_ALL_ROLES:
            return one.id
        return one.feature, one.base if one.feature in WITH_ALL_SCENARIOS else one.rules

    return _first_of(spec, kind)


def _first_of(spec: Spec, kind: Callable[[Scenario], object]) -> Spec:
    first: dict[object, Scenario] = {}
    for one in spec.scenarios.values():
        first.setdefault(kind(one), one)
    return replace(spec, scenarios={one.id: one for one in first.values()})


def part(choose: Choice, jobs: int, *marks: pytest.MarkDecorator) -> ParameterSet:
    return pytest.param(choose, jobs, marks=marks, id=f"{choose.__name__}-{jobs}")


each_part = pytest.mark.parametrize(
    ("choose", "jobs"),
    [part(few_of, 24), part(most_of, 24, pytest.mark.nightly), part(most_of, 2, pytest.mark.nightly)],
)


@dataclass(frozen=True)
class JudgedRun:
    calibration: Calibration
    results: list[Result]
    judgement: Judgement

    @property
    def verdicts(self) -> dict[str, str]:
        return {feature.entry.id: str(feature.verdict) for feature in self.judgement.features}

    @property
    def exit_code(self) -> int:
        return self.judgement.exit_code

    def passed(self) -> set[str]:
        """Give the must rules that it is said to keep."""
        rules = [rule for feature in self.judgement.features for rule in feature.rules]
        return {rule.entry.id for rule in rules if rule.must and rule.status is Status.PASS}


async def run_part(spec: Spec, url: str, jobs: int, reply: float = 2.0) -> JudgedRun:
    target = target_at(spec, url, timers=TIMERS, reply=reply)
    records: list[Calibration | Result | Observation] = []
    scenarios = list(spec.scenarios.values())
    options = Options(jobs=jobs, probes=False)
    await run(spec, target, scenarios, (), options, records.append, RunState())
    (calibration,) = (one for one in records if isinstance(one, Calibration))
    results = [one for one in records if isinstance(one, Result)]
    assert len(results) == len(scenarios)
    header = make_header(spec, target, scenarios, options)
    recorded = Run(header, calibration, tuple(results), (), Footer(complete=True))
    check(recorded)  # what programs read of it is valid, however wrong the server
    check_reports_are_small(recorded)
    return JudgedRun(calibration, results, judge(recorded))


def check_reports_are_small(recorded: Run) -> None:
    """What a person opens has less than 2 MB, however much a server sends."""
    bounds = Transcripts("fail")
    kept = replace(recorded, results=tuple(bounds.bounded(result) for result in recorded.results))
    report = build(kept)
    sizes = {form: len(FORMATS[form](report, kept).encode()) for form in FILES.values()}
    assert {form: size for form, size in sizes.items() if size >= 2_000_000} == {}
    assert sum(len(result.transcript) for result in kept.results) <= ENTRIES + len(kept.results)


@pytest.fixture
def vain(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The timeouts that ran out, in seconds: what is waited for in vain, however slow the machine is."""
    spent: list[float] = []
    until = Connection.until

    async def counted(self: Connection, condition: Callable[[], bool], timeout: float) -> bool:
        held = await until(self, condition, timeout)
        if not held and self.closed is None:
            spent.append(timeout)
        return held

    monkeypatch.setattr(Connection, "until", counted)
    return spent


def check_no_queue_of_timeouts(judged: JudgedRun, vain: list[float]) -> None:
    """A scenario stops at the first thing that is missing: it does not wait for each of them."""
    assert sum(vain) <= len(judged.results)  # less than a second each, where a reply may take two
    assert [one for one in judged.results if one.outcome is Outcome.BROKEN] == []


@each_part
@pytest.mark.timeout(600)
async def test_the_server_that_acknowledges_everything(
    whole_spec: Spec, vain: list[float], choose: Choice, jobs: int
) -> None:
    async with acknowledging() as url:
        judged = await run_part(choose(whole_spec, frozenset({"permissions"})), url, jobs)
    assert (judged.calibration.greets, judged.calibration.answers_barrier) == (True, True)
    assert (judged.calibration.broadcasts, judged.calibration.overhears) == (False, False)
    assert judged.verdicts == dict.fromkeys(UNKNOWN_TO_THE_ACKNOWLEDGER, "MISSING") | {
        "websocket_connection": "PARTIAL",  # it takes frames that are over the limit
        "jwt_authentication": "PARTIAL",  # it lets everybody in
        "send_message": "FAIL",
        "join_conversation": "NOT TESTED",  # joined, and there is no event that could arrive
        "leave_conversation": "NOT TESTED",
        "read_receipts": "NOT TESTED",  # there is never a message that could be read
        "ping_pong": "OK",
        "rate_limiting": "PARTIAL",  # whoever comes back is let in
        "permissions": "FAIL",  # it confirms whatever an outsider asks for
        "multi_instance": "NOT TESTED",  # one URL
        "message_attachments": "PARTIAL",  # it fetches none
        "action_confirmed": "PARTIAL",  # it confirms what it does not do
    }
    assert judged.passed() >= {"CONN-1", "CONN-2", "CONN-3", "CONN-7", "PING-1", "PING-2", "ACK-2"}
    assert judged.exit_code == 1
    check_no_queue_of_timeouts(judged, vain)


@each_part
@pytest.mark.timeout(600)
async def test_the_server_that_relays_everything(
    whole_spec: Spec, vain: list[float], choose: Choice, jobs: int
) -> None:
    async with relaying(SECRET) as url:
        judged = await run_part(
            choose(whole_spec, WITH_ALL_CASES), url, jobs, reply=0.4
        )  # it answers nothing: all waiting is in vain
    assert (judged.calibration.greets, judged.calibration.answers_barrier) == (False, False)
    assert (judged.calibration.broadcasts, judged.calibration.overhears) == (False, True)
    assert set(judged.calibration.unknown_types) == set(whole_spec.incoming)
    with_types = {feature.id for feature in whole_spec.features.values() if feature.incoming}
    assert judged.verdicts == dict.fromkeys(with_types, "MISSING") | {
        "websocket_connection": "FAIL",  # no greeting, and no Error
        "jwt_authentication": "PARTIAL",  # bad tokens stay outside, but for those of another algorithm
        "rate_limiting": "NOT TESTED",  # nobody gets as far as a limit
        "permissions": "NOT TESTED",  # nor as a right
        "multi_instance": "NOT TESTED",  # one URL
        "action_confirmed": "NOT TESTED",  # it knows no request that it could confirm
    }
    assert judged.passed() == {"AUTH-5"}
    assert judged.exit_code == 1
    check_no_queue_of_timeouts(judged, vain)
