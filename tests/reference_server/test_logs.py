from __future__ import annotations

import json
import logging
import sys
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import NullPool, create_engine, text
from websockets.exceptions import InvalidStatus

from reference_server.logs import KINDS, REPEAT_S, OncePerMinute, TextFormatter, json_formatter, redact
from reference_server.misbehaviour.switches import OFF, Switchboard
from tests.reference_server.support import Command, open_socket, token

if TYPE_CHECKING:
    from pathlib import Path

TOKEN = token(uuid4())


class TestRedact:
    @pytest.mark.parametrize(
        "line",
        [
            f'127.0.0.1 - "WebSocket /ws?token={TOKEN}" [accepted]',
            f"GET /ws?x=1&token={TOKEN}&y=2 HTTP/1.1",
            f"Authorization: Bearer {TOKEN}",
            f"claims of {TOKEN!r} failed",
        ],
    )
    def test_strikes_out_tokens_wherever_they_are(self, line: str):
        struck = redact(line)
        assert "***" in struck
        assert not any(part in struck for part in TOKEN.split("."))

    def test_leaves_the_rest(self):
        assert redact("GET /ws?x=1&token=abc&y=2") == "GET /ws?x=1&token=***&y=2"


def record(message: str, *arguments: object, error: bool = False) -> logging.LogRecord:
    """Give a line that is to be logged."""
    return logging.LogRecord("name", logging.ERROR, "", 0, message, arguments, sys.exc_info() if error else None)


class TestOncePerMinute:
    def test_lets_each_line_through_once_a_minute_and_counts_the_others(self):
        now = [0.0]
        sparing = OncePerMinute(lambda: now[0])
        assert [sparing.filter(record("%s is full", "disk")) for _ in range(3)] == [True, False, False]
        assert sparing.filter(record("%s is full", "memory"))
        now[0] += REPEAT_S
        again = record("%s is full", "disk")
        assert sparing.filter(again)
        assert again.getMessage() == "disk is full (2 more like this since the last)"
        now[0] += REPEAT_S
        assert sparing.filter(once_more := record("%s is full", "disk"))
        assert once_more.getMessage() == "disk is full"

    def test_tells_exceptions_apart_by_their_kind_and_place(self):
        sparing = OncePerMinute()
        seen = []
        for kind in (LookupError, LookupError, ValueError):
            try:
                raise kind
            except Exception:
                seen.append(sparing.filter(record("failed", error=True)))
        assert seen == [True, False, True]

    def test_lets_every_change_of_a_switch_through(self, caplog: pytest.LogCaptureFixture):
        board = Switchboard()
        for value in ("1s", OFF, "1s"):
            board.set({"latency": value})
        sparing = OncePerMinute()
        assert [sparing.filter(each) for each in caplog.records] == [True, True, True]

    def test_remembers_a_bounded_number_of_lines(self):
        sparing = OncePerMinute()
        for number in range(3 * KINDS):
            assert sparing.filter(record("%d", number))
        assert len(sparing._seen) <= KINDS


CONTENT = "hush"
HOSTILE = f'hush\n{TOKEN} "}} token={TOKEN}\\" \x1b[2J\u2028hush'
FORMATTERS: dict[str, logging.Formatter] = {"text": TextFormatter(), "json": json_formatter()}


@pytest.fixture(params=FORMATTERS)
def formatter(request: pytest.FixtureRequest) -> logging.Formatter:
    """Each format in turn."""
    return FORMATTERS[request.param]


def failed() -> logging.LogRecord:
    """Log a statement that failed, whose values the database names."""
    with create_engine("sqlite://", poolclass=NullPool).connect() as connection:
        try:
            connection.execute(text("insert into nowhere values (:content)"), {"content": CONTENT})
        except Exception as error:
            if CONTENT not in str(error):
                raise AssertionError from None
            try:
                raise LookupError(HOSTILE) from error
            except LookupError:
                return record("a request has failed", error=True)
    raise AssertionError


class TestEveryFormat:
    def test_writes_one_line_whatever_the_message(self, formatter: logging.Formatter):
        line = formatter.format(record("refused: %s", HOSTILE))
        assert len(line.splitlines()) == 1
        assert "\x1b" not in line
        assert not any(part in line for part in TOKEN.split("."))

    def test_says_where_it_failed_and_not_what_the_exceptions_say(self, formatter: logging.Formatter):
        written = formatter.format(failed())
        assert "a request has failed" in written
        assert "hush" not in written
        assert TOKEN[:20] not in written
        assert written.index("OperationalError") < written.index("LookupError")
        assert "test_logs.py" in written

    def test_leaves_out_the_task_that_asyncio_names(self, formatter: logging.Formatter):
        said = record("Task exception was never retrieved\nfuture: <Task exception=ValueError('hush')>")
        said.name = "asyncio"
        written = formatter.format(said)
        assert "never retrieved" in written
        assert "hush" not in written


class TestJSON:
    def test_is_an_object_with_what_the_record_brings(self):
        said = record("A handshake was refused: %d %s", 401, f"token={TOKEN}")
        said.status, said.reason, said.content = 401, f"token={TOKEN}", "hush"
        written = json.loads(FORMATTERS["json"].format(said))
        assert written.pop("timestamp").endswith("Z")
        assert written == {
            "event": "A handshake was refused: 401 token=***",
            "level": "error",
            "logger": "name",
            "reason": "token=***",
            "status": 401,
        }

    def test_lists_exceptions_with_their_places(self):
        written = json.loads(FORMATTERS["json"].format(failed()))
        types = [each["type"] for each in written["exception"]]
        assert types == ["OperationalError", "OperationalError", "LookupError"]
        assert written["exception"][-1]["at"][0].endswith(" failed")

    async def test_is_what_a_server_writes_of_refusals_and_of_nothing_else(self, tmp_path: Path):
        with Command(tmp_path / "chat.db", "--log-format", "json") as command:
            async with command.chat as chat:
                alice = await chat.connect(username="hush")
                lobby = await chat.conversation(alice)
                await alice.say(lobby, HOSTILE)
                for frame in (HOSTILE, json.dumps({"type": HOSTILE}), b"\xff"):
                    assert (await alice.ask_raw(frame))["type"] == "Error"
                for bad in (token(uuid4(), "a secret of somebody else, of 32 bytes"), "hush"):
                    with pytest.raises(InvalidStatus):
                        await open_socket(chat.instances[0], bad)
            _, log = command.end()
        [refusal] = [json.loads(line) for line in log.splitlines()]
        assert (refusal["level"], refusal["status"], refusal["reason"]) == ("warning", 401, "The token is not valid.")
