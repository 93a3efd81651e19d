"""Each switch as a client of a whole server sees it, and what it sees with all of them off."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from websockets.exceptions import InvalidStatus

from reference_server.misbehaviour import frames
from tests.reference_server.support import Chat, Command, open_socket, token

if TYPE_CHECKING:
    from pathlib import Path

    from reference_server.misbehaviour.switches import Switchboard


class TestOff:
    async def test_a_server_with_switches_behaves(self, chat: Chat):
        alice, bob = await chat.connect(), await chat.connect()
        lobby = await chat.conversation(alice, bob)
        said = await alice.say(lobby, "all is well")
        assert await bob.events() == [said]


class TestStart:
    def test_announces_every_switch_that_is_on(self, tmp_path: Path):
        with Command(tmp_path / "chat.db", "--latency", "1ms±1", "--reorder-acks", "--clock-skew", "-5m") as command:
            _, log = command.end()
        assert [line.partition("request: ")[2] for line in log.splitlines()] == [
            "clock-skew is -5m",
            "latency is 1ms±1",
            "reorder-acks is on",
        ]


class TestLatency:
    async def test_holds_frames_back_until_it_is_switched_off(self, chat: Chat, switchboard: Switchboard):
        alice = await chat.connect()
        switchboard.set({"latency": "1h"})
        await alice.send("Ping")
        await alice.send("Nonsense")
        switchboard.set({"latency": "off"})
        assert (await alice.reply())["type"] == "Pong"
        assert (await alice.reply())["code"] == "unknown_type"


class TestDropConnection:
    async def test_ends_connections_without_a_close_frame(self, chat: Chat, switchboard: Switchboard):
        alice, bob = await chat.connect(), await chat.connect()
        switchboard.set({"drop-connection": "1000/s"})
        assert [await alice.closed(), await bob.closed()] == [1006, 1006]

    async def test_cuts_nobody_once_it_is_off_again(self, chat: Chat, switchboard: Switchboard):
        alice = await chat.connect()
        switchboard.set({"drop-connection": "1/d"})
        switchboard.set({"drop-connection": "off"})
        assert (await alice.ask("Ping"))["type"] == "Pong"


class TestRejectRate:
    async def test_refuses_and_carries_nothing_out(self, chat: Chat, switchboard: Switchboard):
        alice = await chat.connect()
        lobby = await chat.conversation(alice)
        switchboard.set({"reject-rate": "100%"})
        reply = await alice.ask("SendMessage", conversation_id=lobby, content="lost")
        assert (reply["type"], reply["code"]) == ("Error", "rate_limited")
        assert (await alice.ask("Ping"))["type"] == "Pong"
        switchboard.set({"reject-rate": "off"})
        assert (await alice.ask("FetchHistory", conversation_id=lobby))["messages"] == []


class TestReorderAcks:
    async def test_swaps_replies(self, chat: Chat, switchboard: Switchboard, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(frames, "HOLD_S", 3600.0)
        alice = await chat.connect()
        switchboard.set({"reorder-acks": "on"})
        await alice.send("Ping")
        await alice.send("Nonsense")
        assert [(await alice.reply())["type"] for _ in range(2)] == ["Error", "Pong"]


class TestDuplicateEvents:
    async def test_sends_an_event_twice_and_its_reply_once(self, chat: Chat, switchboard: Switchboard):
        alice, bob = await chat.connect(), await chat.connect()
        lobby = await chat.conversation(alice, bob)
        switchboard.set({"duplicate-events": "100%"})
        said = await alice.say(lobby, "twice")
        assert await bob.events() == [said, said]


class TestClockSkew:
    @pytest.mark.parametrize("text", ["1d", "-1d"])
    async def test_moves_all_instants_for_clients_and_none_in_the_database(
        self, chat: Chat, switchboard: Switchboard, text: str
    ):
        skew = timedelta(days=-1 if text.startswith("-") else 1)
        alice = await chat.connect()
        lobby = await chat.conversation(alice)
        switchboard.set({"clock-skew": text})
        said = await alice.say(lobby, "when?")
        assert abs(datetime.now(UTC) + skew - datetime.fromisoformat(said["created_at"])) < timedelta(hours=1)
        before = datetime.fromisoformat(said["created_at"]) - timedelta(microseconds=1)
        page = await alice.ask("SyncMessages", conversation_id=lobby, since=before.isoformat())
        assert [each["created_at"] for each in page["messages"]] == [said["created_at"]]
        page = await alice.ask("SyncMessages", conversation_id=lobby, since=page["next_since"])
        assert page["messages"] == []
        switchboard.set({"clock-skew": "off"})
        [true] = (await alice.ask("FetchHistory", conversation_id=lobby))["messages"]
        assert datetime.fromisoformat(true["created_at"]) + skew == datetime.fromisoformat(said["created_at"])

    async def test_leaves_what_is_no_instant_to_the_server(self, chat: Chat, switchboard: Switchboard):
        alice = await chat.connect()
        switchboard.set({"clock-skew": "10d"})
        reply = await alice.ask("SyncMessages", conversation_id=uuid4(), since="0001-01-01T00:00:00Z")
        assert reply["code"] == "not_found"
        assert (await alice.ask_raw("nonsense"))["code"] == "invalid_message"


class TestTokenTtl:
    async def test_refuses_a_token_that_was_issued_too_long_ago(self, chat: Chat, switchboard: Switchboard):
        old = token(uuid4(), iat=int(time.time()) - 3600)
        socket = await open_socket(chat.instances[0], old)
        await socket.close()
        switchboard.set({"token-ttl": "30s"})
        with pytest.raises(InvalidStatus) as refused:
            await open_socket(chat.instances[0], old)
        assert refused.value.response.status_code == 401
        answer = await chat.http.get(f"{chat.api[0]}/conversations", headers={"Authorization": f"Bearer {old}"})
        assert answer.status_code == 401
        assert (await chat.call("GET", "/conversations")).status_code == 200

    async def test_ends_a_connection_when_its_time_is_over(self, chat: Chat, switchboard: Switchboard):
        switchboard.set({"token-ttl": "1m"})
        alice = await chat.connect(iat=int(time.time()) - 56)  # some seconds, in which a busy machine connects
        assert await alice.closed() == 4401

    async def test_lets_nobody_in_who_was_not_let_in_before(self, chat: Chat, switchboard: Switchboard):
        switchboard.set({"token-ttl": "1h"})
        for bad in (token(uuid4(), secret="another secret, which is not the server's"), token(uuid4(), exp=None), "x"):
            with pytest.raises(InvalidStatus):
                await open_socket(chat.instances[0], bad)
