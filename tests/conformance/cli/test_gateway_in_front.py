"""A run gets past a gateway with the keys of its target file, and nothing that it writes holds any of them."""

from __future__ import annotations

import html
import importlib
import json
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from conformance.cli.main import main
from conformance.report.differences import UNCHECKED
from tests.conformance.run_contexts import SECRET
from tests.doubles.fan_out import ChatServer
from tests.doubles.hosting import hosted
from tests.doubles.listening import listening

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from websockets.asyncio.server import Request, Response, ServerConnection

    from conformance.spec import Spec

KEY, SESSION, IN_URL = "key-of-the-gateway", "session-9f8e7d", "query-1a2b3c"
BASE = """
auth: {header: {Authorization: "Bearer ${token}"}, jwt: {secret_env: TOY_SECRET}}
provision: {driver: jwt, conversations: any id}
reply: 0.5
"""
FILE = """
extends: base.yaml
name: toy
instances: ["ADDRESS?gateway=${env.IN_URL}&v=2"]
headers: {X-Api-Key: "${env.GATEWAY_KEY}", Cookie: "s=${env.SESSION}", Origin: https://app.example}
subprotocols: [chat.v1]
"""


class Gateway:
    """Lets in who has everything, and says in its refusal what it got."""

    def __init__(self) -> None:
        self.server = ChatServer()
        self.origin = "https://app.example"

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        async with (
            self.server.serving(),
            listening(self.server._talk, process_request=self.gate, subprotocols=["chat.v1"]) as url,  # type: ignore[list-item]
        ):
            yield url

    def gate(self, socket: ServerConnection, request: Request) -> Response | None:
        headers, path = request.headers, request.path
        scheme, _, token = headers.get("Authorization", "").partition(" ")
        wanted = (
            headers.get("X-Api-Key") == KEY,
            headers.get("Cookie") == f"s={SESSION}",
            headers.get("Origin") == self.origin,
            headers.get("Sec-WebSocket-Protocol") == "chat.v1",
            f"gateway={IN_URL}&v=2" in path,
            "token=" not in path,
            scheme == "Bearer",
        )
        if not all(wanted):
            return socket.respond(403, f"no: {path} {headers}\n")  # type: ignore[arg-type]
        request.path = f"{path}&token={token}"
        return None


@pytest.fixture
def folder(whole_spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(importlib.import_module("conformance.cli.run"), "load", lambda _: whole_spec)
    for name, value in {"TOY_SECRET": SECRET, "GATEWAY_KEY": KEY, "SESSION": SESSION, "IN_URL": IN_URL}.items():
        monkeypatch.setenv(name, value)
    before = signal.getsignal(signal.SIGTERM)
    yield tmp_path
    signal.signal(signal.SIGTERM, before)


def run(folder: Path, url: str, more: str = "") -> int:
    (folder / "base.yaml").write_text(BASE)
    (folder / "toy.yaml").write_text(FILE.replace("ADDRESS", url) + more)
    words = ["run", str(folder / "toy.yaml"), "ping-pong.each-device-its-own", "--no-probes", "--trace", "all"]
    with pytest.raises(SystemExit) as ended:
        main([*words, "--out", str(folder / "out")])
    return int(ended.value.code or 0)


def check_no_secret(folder: Path, *texts: str) -> None:
    written = [file.read_text(errors="replace") for file in (folder / "out").rglob("*") if file.is_file()]
    for secret in (KEY, SESSION, IN_URL, SECRET):
        assert [text for text in (*written, *texts) if secret in text] == []


def test_a_run_gets_past_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with hosted(Gateway().serving()) as url:
        run(folder, url, "tls: {insecure: true}")
    shown = capsys.readouterr()
    check_no_secret(folder, shown.out, shown.err)
    parity = json.loads((folder / "out" / "parity.json").read_text())
    assert [one["attempts"] for one in parity["scenarios"] if one["selected"]] == [["PASS"]]
    differences = {one["entry"]: (one["wire"], one["used"]) for one in parity["differences"]}
    assert differences == {
        "auth.header": ("header Authorization: Bearer ${token}", True),
        "subprotocols": ("offers chat.v1", True),
        "tls.insecure": ("any certificate is accepted", True),
    }
    assert UNCHECKED in shown.out
    for form in ("text", "html", "markdown", "junit", "sarif", "github", "summary"):
        with pytest.raises(SystemExit):
            main(["report", str(folder / "out"), "--format", form])
        assert UNCHECKED in html.unescape(capsys.readouterr().out), form


def test_a_refusal_that_repeats_every_key_tells_none(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gateway = Gateway()
    gateway.origin = "https://other.example"
    with hosted(gateway.serving()) as url:
        assert run(folder, url) == 3
    shown = capsys.readouterr()
    check_no_secret(folder, shown.out, shown.err)
    assert "HTTP 403; it says 'no: /ws?" in shown.err


def test_a_key_in_the_address_of_the_command_line_is_warned_of(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JWT_SECRET", SECRET)
    for query, warned in (("api_key=abcdef123456", True), ("v=2", False)):
        with pytest.raises(SystemExit) as ended:
            main(
                [
                    "run",
                    f"ws://127.0.0.1:1/ws?{query}",
                    "ping-pong.each-device-its-own",
                    "--out",
                    str(folder / "out"),
                ]
            )
        shown = capsys.readouterr().err
        assert ended.value.code == 3
        assert "abcdef123456" not in shown
        assert ("warning: the address holds api_key" in shown) == warned
        assert "ws://127.0.0.1:1/ws?" in shown
    assert "abcdef123456" not in (folder / "out" / "run.jsonl").read_text()
