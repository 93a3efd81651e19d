"""Calibration asks for everything once: what never comes is known before anything is judged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.conformance.run_contexts import run_context_at
from tests.doubles.fan_out import ChatServer

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection

    from conformance.results.model import Calibration
    from conformance.spec import Spec

NOTHING = {"type": "HistoryChunk", "conversation_id": "${conversation}", "messages": [], "has_more": False}


class EditsToldLater(ChatServer):
    """A server that tells of an edit when the next request comes, as one with a queue of its own for edits may."""

    edit: dict[str, Any] | None = None

    async def _handle(self, socket: ServerConnection, user: str, token: str, data: str | bytes) -> None:
        request = json.loads(data)
        if request["type"] == "EditMessage":
            self.edit = request
            await socket.send('{"type": "ActionConfirmed", "action": "message_edited", "success": true}')
            return
        if request["type"] == "DeleteMessage" and self.edit is not None:
            told = {**self.edit, "type": "MessageEdited", "editor_id": user, "edited_at": "2026-01-01T00:00:00Z"}
            for each in self.joined[self.edit["conversation_id"]]:
                await each.send(json.dumps(told))
        await super()._handle(socket, user, token, data)


async def calibrated(spec: Spec, *wrong: str, **canned: str) -> Calibration:
    async with ChatServer("in order", *wrong).serving() as server:
        server.canned |= canned
        return (await run_context_at(spec, server.url, reply=0.5)).calibration


async def test_a_page_with_what_was_said_is_seen(spec: Spec) -> None:
    seen = await calibrated(spec)
    assert ("FetchHistory" in seen.unknown_types, seen.unseen) == (False, ())
    assert (seen.replays, seen.one_room, seen.unconfirmed, seen.foreign_types) == (False, False, (), ())


async def test_a_page_that_is_always_empty_is_unseen(spec: Spec) -> None:
    seen = await calibrated(spec, FetchHistory=json.dumps(NOTHING))
    assert ("FetchHistory" in seen.unknown_types, seen.unseen) == (False, ("HistoryChunk",))


@pytest.mark.parametrize(
    ("wrong", "part"), [("no attachments", "SendMessage.attachments"), ("no cursor", "FetchHistory.cursor")]
)
async def test_a_part_of_a_request_that_does_nothing_is_unseen_by_itself(spec: Spec, wrong: str, part: str) -> None:
    assert (await calibrated(spec, wrong)).unseen == (part,)


async def test_a_server_that_refuses_fields_too_many_is_known_by_one(spec: Spec) -> None:
    assert (await calibrated(spec, "strict")).unseen == ("extra fields",)


async def test_a_limit_that_does_nothing_hides_the_cursor_too(spec: Spec) -> None:
    assert (await calibrated(spec, "no limit")).unseen == ("FetchHistory.cursor", "FetchHistory.limit")


async def test_a_cursor_that_leads_to_the_same_page_again_is_unseen(spec: Spec) -> None:
    page = {**NOTHING, "messages": [{"message_id": "m1"}], "has_more": True, "next_cursor": "c1"}
    assert (await calibrated(spec, FetchHistory=json.dumps(page))).unseen == ("FetchHistory.cursor",)


async def test_a_reply_that_never_comes_to_anybody_is_unseen(spec: Spec) -> None:
    seen = await calibrated(spec, "no confirmations")
    assert (seen.unseen, seen.joins, seen.confirms_joins) == (("ActionConfirmed",), True, False)


async def test_a_reply_that_one_request_lacks_is_not_called_unseen(spec: Spec) -> None:
    told = {"type": "MessageEdited", "message_id": "m1"}
    seen = await calibrated(spec, EditMessage=json.dumps(told))
    assert "ActionConfirmed" not in seen.unseen


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


async def test_what_comes_later_than_messages_decides_how_long_to_settle(spec: Spec) -> None:
    async with EditsToldLater().serving() as server:
        seen = (await run_context_at(spec, server.url, reply=0.5)).calibration
    assert "MessageEdited" not in seen.unseen
    assert seen.skew is not None
    assert seen.settle > 2 * seen.skew > 0


async def test_a_message_that_nobody_is_told_of_is_asked_for_where_it_is_stored(spec: Spec) -> None:
    seen = await calibrated(spec, "no broadcast")
    assert (seen.broadcasts, seen.reads_back, "HistoryChunk" in seen.unseen) == (False, True, False)
    seen = await calibrated(spec, "no broadcast", FetchHistory=json.dumps(NOTHING))
    assert (seen.broadcasts, seen.reads_back) == (False, False)
