"""What only did not come in time is run again alone and waited for longer, and is no finding unless it stays so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from conformance.engine.explore.conversation_run import NONE, REFUSED
from conformance.engine.explore.examine import Examiner
from conformance.engine.explore.progress import Explored, Options
from conformance.engine.explore.search import Search
from tests.conformance.engine.explore.stories import burst, confirmed, conversation, message, ran, seen, send

if TYPE_CHECKING:
    from conformance.engine.explore.conversation_run import ConversationRun
    from conformance.engine.explore.differ import Comparer
    from conformance.engine.explore.drawing import Drawing

STEP = burst(send())
RIGHT = seen(STEP, confirmed("message_sent"), ann=[message()])
SILENT, REFUSING = seen(STEP, how=NONE), seen(STEP, {"type": "Error"}, REFUSED)
NOTHING_CAME = seen(STEP, confirmed("message_sent"))


class Servers:
    """Two servers; the tested one does what is next in its list, and `waits` says with which patience it was asked."""

    def __init__(self, *does: Any, ordered: bool = True, died: str = "") -> None:
        self.does = list(does)
        self.ordered = ordered
        self.gone = died
        self.waits: list[str] = []
        self.patience = "short"

    def patient(self) -> Servers:
        longer = Servers(ordered=self.ordered)
        longer.does, longer.waits, longer.patience = self.does, self.waits, "long"
        return longer

    async def died(self) -> str:
        return self.gone

    async def run(self, _: object, block: int = 1) -> tuple[ConversationRun, ConversationRun]:
        self.waits.append(self.patience)
        return ran(self.does.pop(0)), ran(RIGHT)


async def _examined(servers: Servers, comparer: Comparer, *, instance: int = 1) -> Any:
    """Examine a finding; `instance` is that of ann, and bob is on the first."""
    examiner = Examiner(servers, comparer)  # type: ignore[arg-type]
    said = conversation(STEP)
    shown = (await examiner.judge(replace(said, users={**said.users, "ann": instance}))).shown
    assert shown is not None
    return await examiner.examine(shown, lambda: 0.0)


async def test_a_reply_that_is_late_once_is_run_again_alone_with_more_time(comparer: Comparer) -> None:
    servers = Servers(SILENT, RIGHT, SILENT, RIGHT)
    found = await _examined(servers, comparer)
    assert (found.late, found.again) == (True, 1)
    assert servers.waits == ["short", "long", "long", "long"]


async def test_another_answer_needs_no_more_time(comparer: Comparer) -> None:
    servers = Servers(*[REFUSING] * 4)
    found = await _examined(servers, comparer)
    assert (found.late, found.again, servers.waits) == (False, 3, ["short"] * 4)


@pytest.mark.parametrize(("ordered", "instance", "late"), [(True, 1, False), (True, 2, True), (False, 1, True)])
async def test_a_missing_event_may_be_late_where_events_come_later_than_replies_or_from_another_instance(
    comparer: Comparer, ordered: bool, instance: int, late: bool
) -> None:
    found = await _examined(Servers(*[NOTHING_CAME] * 4, ordered=ordered), comparer, instance=instance)
    assert found.late is late


@pytest.mark.parametrize(("again", "findings"), [(3, 1), (1, 0)])
async def test_what_is_late_only_now_and_then_is_not_judged(
    comparer: Comparer, drawing: Drawing, again: int, findings: int
) -> None:
    servers = Servers(SILENT, *[SILENT] * again, *[RIGHT] * (3 - again))
    search = Search(servers, comparer, drawing, Options(1.0))  # type: ignore[arg-type]
    search._keep(await _examined(servers, comparer))
    assert len(search.explored.findings) == findings
    assert [*search.explored.not_judged] == [
        "after SendMessage, bob: not answered, not granted: 1 of 3 replays, alone and with more time, show it"
    ][findings:]


async def test_a_server_that_is_no_longer_there_ends_the_search_and_is_no_finding(
    comparer: Comparer, drawing: Drawing
) -> None:
    servers = Servers(died="the server under test is no longer there: nobody listens there")

    async def run(_: object, block: int = 1) -> tuple[ConversationRun, ConversationRun]:
        nothing = ran()
        nothing.stopped = "bob could not connect"
        return nothing, ran(RIGHT)

    servers.run = run  # type: ignore[method-assign]
    search = Search(servers, comparer, drawing, Options(1.0))  # type: ignore[arg-type]
    await search._attempt(conversation(STEP))
    found: Explored = search.explored
    assert found.findings == {}
    assert found.stopped == "the server under test is no longer there: nobody listens there"
