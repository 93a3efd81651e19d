from __future__ import annotations

import time
from typing import TYPE_CHECKING

from conformance.engine.explore.conversation import Burst
from conformance.engine.explore.findings import Cause, Shown
from conformance.engine.explore.shrink import shrink
from tests.conformance.engine.explore.stories import burst, conversation, ran, send

if TYPE_CHECKING:
    from conformance.engine.explore.conversation import Conversation
    from conformance.engine.explore.knowledge import Knowledge

CAUSE = Cause("both", "SEND-1", "SendMessage", "no NewMessage")


def _shown(conversation: Conversation) -> Shown:
    return Shown(CAUSE, conversation, ran(), ran(), None, "")


async def test_only_the_step_that_matters_is_left(knowledge: Knowledge) -> None:
    steps = [burst(send("bob", f"hello {number}", f"m{number}")) for number in range(20)]
    guilty = burst(send("ann", "a\r\nb 7", "m99"), send("ann", "hello 8", "m98"))
    whole = conversation(*steps[:13], guilty, *steps[13:])

    async def still(candidate: Conversation) -> Shown | None:
        sent = [ask.slot for step in candidate.steps if isinstance(step, Burst) for ask in step.asks]
        return _shown(candidate) if "m99" in sent else None

    found = await shrink(_shown(whole), still, knowledge, time.monotonic() + 60)
    (ask,) = found.conversation.asks
    assert ask.slot == "m99"
    assert ask.fields["content"] == "hello 7"
    assert [*found.conversation.users] == ["ann"]


async def test_what_cannot_be_shorter_stays(knowledge: Knowledge) -> None:
    whole = conversation(burst(send()))

    async def never(_: Conversation) -> Shown | None:
        return None

    assert (await shrink(_shown(whole), never, knowledge, time.monotonic() + 60)).conversation == whole
