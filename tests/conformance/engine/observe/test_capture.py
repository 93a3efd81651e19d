"""Recordings of three kinds are read alike, and what is wrong with one is told with its place."""

from __future__ import annotations

import base64
import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest

from conformance.engine.observe.capture import read_capture
from conformance.engine.observe.head import user_of
from conformance.engine.observe.recorded import Passed
from conformance.errors import BadFile

if TYPE_CHECKING:
    from pathlib import Path

PING, PONG = '{"type":"Ping"}', '{"type":"Pong"}'
TOKEN = ".".join(base64.urlsafe_b64encode(one).decode().rstrip("=") for one in (b'{"alg":1}', b'{"sub":"me"}', b"sign"))


def har(*messages: Any, **request: Any) -> dict[str, Any]:
    page = {"request": {"url": "https://chat.example/"}}
    entry = {"request": {"url": f"wss://chat.example/ws?token={TOKEN}"} | request, "_webSocketMessages": list(messages)}
    return {"log": {"entries": [page, entry]}}


def said(kind: str = "send", data: Any = PING, time: Any = 1_771_793_372.5, opcode: int = 1) -> dict[str, Any]:
    return {"type": kind, "time": time, "opcode": opcode, "data": data}


def flow(*messages: Any) -> dict[str, Any]:
    return {
        "type": "http",
        "request": {"path": f"/ws?token={TOKEN}", "headers": [["Cookie", "session=0123456789abcdef0"]]},
        "websocket": {"messages": list(messages)},
    }


def own(direction: str, **more: Any) -> dict[str, Any]:
    return {"at": 1_771_793_372.5, "connection": "client-1", "direction": direction, **more}


def written(folder: Path, *values: Any) -> Path:
    file = folder / "capture"
    file.write_text("\n".join(value if isinstance(value, str) else json.dumps(value) for value in values))
    return file


LATER = [1, False, PONG, 1_771_793_373.0]
BOTH = (Passed(1_771_793_372.5, "sent", PING), Passed(1_771_793_373.0, "received", PONG))


@pytest.mark.parametrize(
    "values",
    [
        (har(said(), said("receive", PONG, 1_771_793_373.0)),),
        ([flow([1, True, PING, 1_771_793_372.5, False], [1, False, PONG, 1_771_793_373_000])],),
        (
            flow(
                {"type": 1, "from_client": True, "content": PING, "timestamp": 1_771_793_372.5},
                [1, False, PONG, 1_771_793_373.0],
            ),
        ),
        (
            own("opened", user="me"),
            own("sent", text=PING),
            own("received", text=PONG) | {"at": 1_771_793_373.0},
            own("closed"),
        ),
    ],
    ids=["a HAR", "flows of mitmproxy", "lines of flows", "our own lines"],
)
def test_a_recording_gives_its_messages_and_its_user(tmp_path: Path, values: tuple[Any, ...]) -> None:
    (found,) = read_capture(written(tmp_path, *values))
    assert found.messages == BOTH
    assert (found.user or user_of(found.secrets)) == "me"
    assert found.whole


def test_a_name_that_is_opened_again_is_another_connection(tmp_path: Path) -> None:
    one = (own("opened", user="me"), own("sent", text=PING), own("closed"))
    first, second = read_capture(written(tmp_path, *one, *one))
    assert first == second
    assert len(first.messages) == 1
    assert first.whole


def test_binary_messages_are_bytes_again(tmp_path: Path) -> None:
    binary = base64.b64encode(b"\x00\xff").decode()
    (found,) = read_capture(written(tmp_path, har(said(data=binary, opcode=2))))
    assert found.messages[0].data == b"\x00\xff"
    (found,) = read_capture(written(tmp_path, own("sent", binary=binary)))
    assert found.messages[0].data == b"\x00\xff"
    assert not found.whole


def test_control_frames_are_not_messages(tmp_path: Path) -> None:
    closed = base64.b64encode(b"\x03\xe8").decode()
    (found,) = read_capture(
        written(tmp_path, har(said(), *(said("receive", closed, opcode=one) for one in (8, 9, 10)), said("error", "?")))
    )
    assert len(found.messages) == 1


def test_flows_of_other_protocols_are_left_out(tmp_path: Path) -> None:
    raw = {"type": "tcp", "messages": [[True, "bytes", 1.0]]}
    assert len(read_capture(written(tmp_path, raw, flow([1, True, PING, 1.0])))) == 1


def test_a_connection_has_its_address_without_secrets_or_ids(tmp_path: Path) -> None:
    (found,) = read_capture(written(tmp_path, har(said(), url=f"wss://Chat.example:443/ws/42?token={TOKEN}")))
    assert found.address == "chat.example/ws/…"
    recorded = flow([1, True, PING, 1.0])
    recorded["request"] |= {"scheme": "https", "host": "chat.example", "port": 443}
    (found,) = read_capture(written(tmp_path, recorded))
    assert found.address == "chat.example/ws"


def test_a_dump_of_mitmproxy_writes_bytes_as_python_does(tmp_path: Path) -> None:
    text = '{"content":"é\'s"}'
    (found,) = read_capture(written(tmp_path, [flow([1, True, str(text.encode())[2:-1], 1.0])]))
    assert found.messages[0].data == text


def test_what_may_be_a_secret_is_known(tmp_path: Path) -> None:
    headers = [{"name": "Authorization", "value": "Bearer opaque-token-of-alice"}]
    (found,) = read_capture(written(tmp_path, har(said(), headers=headers)))
    assert found.secrets == (TOKEN, "opaque-token-of-alice")
    headers = [{"name": name, "value": f"the-value-of-{name}"} for name in ("X-Auth-Token", "Sec-WebSocket-Key")]
    (found,) = read_capture(written(tmp_path, har(said(), headers=headers)))
    assert found.secrets == (TOKEN, "the-value-of-X-Auth-Token")
    (found,) = read_capture(written(tmp_path, [flow([1, True, PING, 1.0])]))
    assert found.secrets == (TOKEN, "0123456789abcdef0")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (('{"log": {"entries": [',), ":1: this is not JSON: Expecting value; is the recording cut off?"),
        ((own("opened"), '{"at": 1, "conn'), ":2: this is not JSON"),
        ((own("opened"), "[]"), ":2: this line is not a JSON object"),
        ((own("opened"), own("sent")), ":2: this line needs either `text` or `binary`"),
        ((own("opened"), own("said")), ":2: this line needs a `connection`, and a `direction`: opened, "),
        ((own("sent", binary="%"),), ":1: this line.data is not base64"),
        ((own("sent", text="") | {"at": None},), ":1: `at` is not a time"),
        (({"log": {}},), ": log.entries is not a list"),
        ((har(said("push")),), ": log.entries[1]._webSocketMessages[0].type is 'push', not send or receive"),
        ((har(said(), said(data=5)),), ": log.entries[1]._webSocketMessages[1].data is not a text"),
        ((har(said(time="now")),), ": log.entries[1]._webSocketMessages[0].time is not a time"),
        ((har(said(opcode=0)),), ": log.entries[1]._webSocketMessages[0] is a part of a message: record whole"),
        (("4321:9:websocket;",), ": is in mitmproxy's own format: turn it into a HAR file with `mitmdump"),
        (([flow([1, True, PING])],), ": flow 1, message 1 is not a message"),
        (([flow([1, "yes", PING, 1.0])],), ": flow 1, message 1: from_client is not true or false"),
        ((har(),), ": it has no WebSocket messages"),
        (({"a": 1},), ": this is not a HAR file (`log`), not flows of mitmproxy (`request`), and not a recording"),
        (("",), ": it is empty: was the recording ended, and written?"),
        (("[" * 100_000,), ": this JSON cannot be read: it is too deep"),
    ],
)
def test_a_corrupt_recording_has_one_clear_line_with_the_place(
    tmp_path: Path, values: tuple[Any, ...], message: str
) -> None:
    with pytest.raises(BadFile) as error:
        read_capture(written(tmp_path, *values))
    assert f"capture{message}" in str(error.value)
    assert len(str(error.value).splitlines()) == 1


def test_a_recording_must_be_there_and_be_text(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="cannot be read"):
        read_capture(tmp_path / "none")
    (tmp_path / "capture").write_bytes(b"{}\n\xff")
    with pytest.raises(BadFile, match=":2: this is not UTF-8 text"):
        read_capture(tmp_path / "capture")


def test_a_compressed_recording_is_to_be_unpacked(tmp_path: Path) -> None:
    (tmp_path / "capture").write_bytes(gzip.compress(b"{}"))
    with pytest.raises(BadFile, match=r"is compressed \(gzip\): unpack it first"):
        read_capture(tmp_path / "capture")
