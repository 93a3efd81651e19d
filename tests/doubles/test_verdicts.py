"""What the whole suite says of the two old servers, feature by feature: nothing is OK that they do not truly have.

    the acknowledging server   has the greeting, answers Ping, and says yes to five requests without doing any
    the relaying server        asks for a token, and repeats what it is told; nothing that it says is of the protocol

Each is run once, in one test, because a whole run is what it takes.
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
from tests.conformance.report.valid import check
from tests.conformance.run_contexts import SECRET, target_at
from tests.doubles.acknowledge_everything import acknowledging
from tests.doubles.relay_everything import relaying

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.results.model import Observation
    from conformance.spec import Spec

TIMERS = {"rate_window": 1.0, "typing_expiry": 0.5, "token_leeway": 0.5, "rest": 0.5}
UNKNOWN_TO_THE_ACKNOWLEDGER = {
    *("edit_message", "delete_message", "fetch_history", "search_messages", "sync_messages", "typing_indicators"),
    *("delivered_status", "reactions"),
    *("call_offer", "call_answer", "ice_candidate", "call_hangup", "call_reject"),
}
TRULY_OF_THE_ACKNOWLEDGER = {"ping_pong"}
"""What it really has; only this may be OK."""


@dataclass(frozen=True)
class JudgedRun:
    calibration: Calibration
    results: list[Result]
    judgement: Judgement

    @property
    def verdicts(self) -> dict[str, str]:
        return {feature.entry.id: str(feature.verdict) for feature in self.judgement.features}

    def passed(self) -> set[str]:
        """Give the must rules that it is said to keep."""
        rules = [rule for feature in self.judgement.features for rule in feature.rules]
        return {rule.entry.id for rule in rules if rule.must and rule.status is Status.PASS}


async def run_all(spec: Spec, url: str) -> JudgedRun:
    target = target_at(spec, url, timers=TIMERS)
    records: list[Calibration | Result | Observation] = []
    scenarios = list(spec.scenarios.values())
    options = Options(jobs=40, probes=False)
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
    """What a person opens has at most 1 kB for a scenario of the spec, however much a server sends."""
    bounds = Transcripts("fail")
    kept = replace(recorded, results=tuple(bounds.bounded(result) for result in recorded.results))
    report = build(kept)
    sizes = {form: len(FORMATS[form](report, kept).encode()) for form in FILES.values()}
    assert {form: size for form, size in sizes.items() if size >= 1_000 * len(kept.results)} == {}
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


@pytest.mark.timeout(300)
async def test_the_server_that_acknowledges_everything(whole_spec: Spec, vain: list[float]) -> None:
    async with acknowledging() as url:
        judged = await run_all(whole_spec, url)
    assert (judged.calibration.greets, judged.calibration.answers_barrier) == (True, True)
    assert judged.calibration.skew is None
    verdicts = judged.verdicts
    assert {feature for feature, verdict in verdicts.items() if verdict == "OK"} <= TRULY_OF_THE_ACKNOWLEDGER
    assert {feature for feature, verdict in verdicts.items() if verdict == "MISSING"} == UNKNOWN_TO_THE_ACKNOWLEDGER
    assert judged.passed() <= {"PING-1", "PING-2", "LEAVE-2", "ACK-2"}
    assert {feature: verdicts[feature] for feature in verdicts.keys() - UNKNOWN_TO_THE_ACKNOWLEDGER} == {
        "websocket_connection": "FAIL",  # it greets, and then nobody hears of anything
        "jwt_authentication": "FAIL",  # it lets everybody in
        "send_message": "FAIL",
        "join_conversation": "FAIL",  # joined, and no event arrives
        "leave_conversation": "FAIL",
        "read_receipts": "NOT TESTED",  # there is never a message that could be read
        "ping_pong": "NOT TESTED",  # it answers, but its order among replies takes what it lacks
        "rate_limiting": "FAIL",
        "permissions": "FAIL",
        "multi_instance": "NOT TESTED",  # one URL
        "message_attachments": "FAIL",
        "action_confirmed": "FAIL",  # it confirms what it does not do
    }
    check_no_queue_of_timeouts(judged, vain)


@pytest.mark.timeout(300)
async def test_the_server_that_relays_everything(whole_spec: Spec, vain: list[float]) -> None:
    async with relaying(SECRET) as url:
        judged = await run_all(whole_spec, url)
    assert (judged.calibration.greets, judged.calibration.answers_barrier) == (False, False)
    assert set(judged.calibration.unknown_types) == set(whole_spec.incoming)
    verdicts = judged.verdicts
    with_types = {feature.id for feature in whole_spec.features.values() if feature.incoming}
    assert {feature for feature, verdict in verdicts.items() if verdict == "MISSING"} == with_types
    assert {feature: verdicts[feature] for feature in verdicts.keys() - with_types} == {
        "websocket_connection": "FAIL",  # no greeting
        "jwt_authentication": "FAIL",  # bad tokens stay outside, but for those of another algorithm
        "rate_limiting": "NOT TESTED",  # nobody gets as far as a limit
        "permissions": "NOT TESTED",  # nor as a right
        "multi_instance": "NOT TESTED",  # one URL
        "action_confirmed": "FAIL",  # it confirms nothing
    }
    assert judged.passed() == set()
    check_no_queue_of_timeouts(judged, vain)
