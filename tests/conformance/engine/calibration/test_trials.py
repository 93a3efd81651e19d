"""Calibration asks for everything once: what never comes is known before anything is judged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.conformance.run_contexts import run_context_at
from tests.doubles.fan_out import ChatServer

if TYPE_CHECKING:
    from conformance.results.model import Calibration
    from conformance.spec import Spec

NOTHING = {"type": "HistoryChunk", "conversation_id": "${conversation}", "messages": [], "has_more": False}


async def calibrated(spec: Spec, *wrong: str, **canned: str) -> Calibration:
    async with ChatServer("in order", *wrong).serving() as server:
        server.canned |= canned
        return (await run_context_at(spec, server.url, reply=0.5)).calibration


async def test_a_page_with_what_was_said_is_seen(spec: Spec) -> None:
    seen = await calibrated(spec)
    assert ("FetchHistory" in seen.unknown_types, seen.unseen) == (False, ())


async def test_a_page_that_is_always_empty_is_unseen(spec: Spec) -> None:
    seen = await calibrated(spec, FetchHistory=json.dumps(NOTHING))
    assert ("FetchHistory" in seen.unknown_types, seen.unseen) == (False, ("HistoryChunk",))


async def test_a_page_is_not_missed_where_nothing_can_be_said(spec: Spec) -> None:
    assert (await calibrated(spec, "no broadcast", FetchHistory=json.dumps(NOTHING))).unseen == ()


async def test_an_event_that_never_follows_its_confirmation_is_unseen(spec: Spec) -> None:
    confirmed = {"type": "ActionConfirmed", "action": "message_edited", "success": True}
    seen = await calibrated(spec, EditMessage=json.dumps(confirmed))
    assert ("EditMessage" in seen.unknown_types, seen.unseen) == (False, ("MessageEdited",))


async def test_what_is_not_known_is_not_called_unseen(spec: Spec) -> None:
    seen = await calibrated(spec)
    assert "EditMessage" in seen.unknown_types
    assert "MessageEdited" not in seen.unseen
