"""`--as NAME`: one of the earlier servers, in a process of its own."""

from __future__ import annotations

import json
import re
from uuid import uuid4

import pytest
from websockets.exceptions import InvalidStatus

from reference_server.config import ConfigError
from reference_server.earlier import SERVERS, choice
from reference_server.earlier.choice import open_earlier
from reference_server.earlier.relay_everything import is_good
from reference_server.options import parser
from tests.reference_server.support import SECRET, Command, open_socket, token


class As(Command):
    """An earlier server; it has no database."""

    def __init__(self, name: str) -> None:
        super().__init__(None, "--as", name)


async def test_rust_2025_acknowledges_without_doing():
    with As("rust-2025") as server:
        socket = await open_socket(server.ready["instances"][0], "anything")
        assert json.loads(await socket.recv())["action"] == "connected"
        await socket.send(json.dumps({"type": "JoinConversation", "conversation_id": str(uuid4())}))
        assert json.loads(await socket.recv())["action"] == "joined_conversation"
        await socket.send('{"type": "EditMessage"}')
        assert "unknown variant `EditMessage`" in json.loads(await socket.recv())["message"]
        await socket.close()
        code, log = server.end()
    assert code == 0
    assert "This is the earlier server rust-2025 (--as): it confirms" in log
    assert f"  python -m websockets '{server.ready['instances'][0]}'\n" in log


def test_says_which_websockets_an_earlier_server_needs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "version", lambda _: "15.0.1")
    options = parser().parse_args(["--as", "rust-2025"])
    with pytest.raises(ConfigError, match=r"--as rust-2025 needs websockets 16\.1: pip install 'websockets>=16\.1'"):
        open_earlier(options, parser().parse_args([]), 0, SECRET)


async def test_go_2025_relays_without_reading():
    with As("go-2025") as server:
        url = server.ready["instances"][0]
        with pytest.raises(InvalidStatus) as refused:
            await open_socket(url, "nonsense")
        assert refused.value.response.status_code == 401
        alice, bob = [await open_socket(url, token(uuid4())) for _ in range(2)]
        await alice.send(b"what\xff")
        assert [await one.recv(decode=False) for one in (alice, bob)] == [b"what\xff"] * 2
        await alice.close()
        await bob.close()
        code, log = server.end()
    assert code == 0
    assert SECRET not in log
    tokens = re.findall(rf"python -m websockets '{re.escape(url)}\?token=(.*)'\n", log)
    assert len(tokens) == 3
    assert all(is_good(each, SECRET) for each in tokens)


@pytest.mark.parametrize("name", SERVERS)
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--demo"], "does not go with --demo"),
        (["--latency", "1s"], "does not go with --latency"),
        (["--port", "1", "--port", "2"], "has one instance: give only one --port"),
    ],
)
def test_refuses_what_it_does_not_have(name: str, words: list[str], says: str):
    options = parser().parse_args(["--as", name, *words])
    with pytest.raises(ConfigError, match=says):
        open_earlier(options, parser().parse_args([]), 0, SECRET)


def test_go_2025_needs_a_secret():
    with pytest.raises(ConfigError, match="checks tokens: set JWT_SECRET"):
        open_earlier(parser().parse_args(["--as", "go-2025"]), parser().parse_args([]), 0, "short")


def test_is_off_by_default():
    assert parser().parse_args([]).earlier is None
