"""What is sent beyond a rate limit is refused in time, answered, and told to nobody."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import AsyncMock

import pytest

from conformance.engine.explore import flooding
from conformance.engine.explore.conversation import Flood
from conformance.engine.explore.run_conversation import run_conversation
from conformance.target.accounts import Room
from tests.conformance.engine.explore.stories import conversation, send
from tests.conformance.run_contexts import calibration_of_a_good_server, run_context_at
from tests.doubles.fan_out import ChatServer

if TYPE_CHECKING:
    from conformance.engine.explore.knowledge import Knowledge
    from conformance.spec import Spec

LIMIT = 4


class Limited(ChatServer):
    """It takes so many messages; each one over that it may answer with an Error, answer with nothing, or tell of."""

    def __init__(self, takes: int, *over: str) -> None:
        super().__init__()
        self.takes = takes
        self.over = over

    async def _send(self, *given: Any) -> None:
        if self.requests.count("SendMessage") <= self.takes:
            await super()._send(*given)
            return
        if "told" in self.over:
            self.wrong.add("reply lost")
            await super()._send(*given)
        if "refused" in self.over:
            await self._refuse(given[0], "too many")


@pytest.mark.parametrize(
    ("takes", "over", "amiss"),
    [
        (LIMIT, ["refused"], ""),
        (2 * LIMIT, ["refused"], ""),  # at the end of one window, and in the next
        (4 * LIMIT, ["refused"], "more than twice the limit is accepted within a window"),
        (LIMIT, [], "requests over the limit get no answer"),
        (LIMIT, ["refused", "told"], "others are told of requests that are refused"),
    ],
)
@pytest.mark.parametrize("anew", [False, True])
async def test_a_flood_says_how_a_server_counts(
    whole_spec: Spec,
    knowledge: Knowledge,
    monkeypatch: pytest.MonkeyPatch,
    takes: int,
    over: list[str],
    amiss: str,
    anew: bool,
) -> None:
    monkeypatch.setattr(flooding, "asyncio", SimpleNamespace(sleep=AsyncMock()))
    step = Flood((send(), send()), 2 * LIMIT, "limits.messages_per_window", "timers.rate_window", "RATE-1", anew=anew)
    alike = replace(conversation(step), rooms={"lobby": Room("private", {"ann": "member", "bob": "member"})})
    async with Limited(takes, *over).serving() as server:
        context = await run_context_at(
            whole_spec,
            server.url,
            calibration=await calibration_of_a_good_server(whole_spec),
            limits={"messages_per_window": LIMIT},
        )
        ran = await run_conversation(alike, context, knowledge)
    assert ran.stopped == ""
    (seen,) = ran.steps
    assert seen.amiss == amiss
