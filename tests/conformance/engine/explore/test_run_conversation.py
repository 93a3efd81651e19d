from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import AsyncMock

from conformance.engine.explore.conversation import Ask
from conformance.engine.explore.conversation_run import ConversationRun
from conformance.engine.explore.run_conversation import _StepRunner
from tests.conformance.engine.explore.stories import conversation, send

if TYPE_CHECKING:
    from conformance.engine.explore.knowledge import Knowledge
    from conformance.spec import Spec


async def test_a_message_that_may_be_refused_counts_against_both_limits(whole_spec: Spec, knowledge: Knowledge) -> None:
    names = SimpleNamespace(value=lambda fields: fields)
    context: Any = SimpleNamespace(
        run=SimpleNamespace(spec=whole_spec), names=names, send=AsyncMock(), keep_pace=AsyncMock()
    )
    runner = _StepRunner(context, knowledge, conversation(), ConversationRun())
    await runner._send((send(), Ask("bob", "Ping", {})))
    assert [one.args[1]["type"] for one in context.send.await_args_list] == ["SendMessage", "Ping"]
    context.keep_pace.assert_awaited_once_with("bob", whole_spec.protocol.unknown_type)


def test_who_has_connected_again_is_heard_on_the_new_connection(whole_spec: Spec, knowledge: Knowledge) -> None:
    old, new = (SimpleNamespace(name="bob") for _ in range(2))
    context: Any = SimpleNamespace(run=SimpleNamespace(spec=whole_spec), connections={"bob": new}, past=[old])
    runner = _StepRunner(context, knowledge, conversation(), ConversationRun())
    assert {one.name: one for one in runner.everyone()}["bob"] is new
