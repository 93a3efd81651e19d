"""Whole runs against a target that repeats every secret: nothing that is stored or printed holds one."""

from __future__ import annotations

import importlib
import json
import logging
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from sqlalchemy import create_engine, text

from conformance.cli.main import main
from tests.conformance.target.provision.recipes import HTTP
from tests.conformance.target.provision.test_http import LOGIN
from tests.doubles.accounts import accounts
from tests.doubles.hosting import hosted
from tests.doubles.parrot import Parrot

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conformance.spec import Spec

pytestmark = pytest.mark.end_to_end

MARKER = "MARKER"
SPECIAL = '"é/+ %<&>\\'
JWT, KEY, STATIC, PASSWORD = (
    f"{MARKER}-{name}-{SPECIAL}-long-enough-for-hmac" for name in ("jwt", "key", "static", "sql")
)
KEY = KEY.replace("é", "")  # It goes into a header (RFC 9110 §5.5).
ENVIRONMENT = {
    "PARITY_SECRET": JWT,
    "PARITY_KEY": KEY,
    "PARITY_TOKEN": STATIC,
    "PARITY_TOKEN_2": f"{STATIC}2",
    "PARITY_DATABASE": f"postgresql://somebody:{quote(PASSWORD, safe='')}@127.0.0.1:1/chat",
}
SIGNED = "auth: {jwt: {secret_env: PARITY_SECRET}}"
UNSIGNED = "auth: {query_param: token}"
CHOSEN = (
    "ping-pong.one-pong-per-ping",
    "edit-message.members-see-it",
    "jwt-authentication.bad-token-refused[wrong_signature.other_secret]",
    "websocket-connection.unknown-type[very_long]",
)
STATICALLY = """
provision:
  driver: static
  accounts:
    ann: {id: 0b9c0000-0000-4000-8000-000000000001, token_env: PARITY_TOKEN}
    ben: {id: 0b9c0000-0000-4000-8000-000000000002, token_env: PARITY_TOKEN_2}
  conversations: {hall: {id: 4b1f6c1e-8a55-4d0b-9a39-0c7d4f0e2a11, members: {ann: member, ben: member}, empty: true}}
"""
BY_STATEMENT = """
provision:
  driver: sql
  url_env: PARITY_DATABASE
  conversation: [insert into rooms (name) values (:name)]
"""


@pytest.fixture
def parrot() -> Iterator[Parrot]:
    with hosted(Parrot().serving()) as parrot:
        yield parrot


class Told:
    """Runs the command here, and sees that nothing that it prints, logs or writes holds a secret."""

    def __init__(self, spec: Spec, capture: pytest.CaptureFixture[str], log: pytest.LogCaptureFixture) -> None:
        self._spec = spec
        self._capture = capture
        self._log = log

    def __call__(self, folder: Path, parrot: Parrot, auth: str, provision: str, **environment: str) -> str:
        """Run against the parrot; gives everything that was printed and written."""
        file = folder / "target.yaml"
        file.write_text(f"name: parrot\ninstances: [{parrot.url}]\nreply: 0.3\n{auth}\n{provision}")
        words = ["run", str(file), *CHOSEN, "--trace", "all", "--probes", "--out", str(folder / "out")]
        with pytest.MonkeyPatch.context() as patch:
            for name, value in (ENVIRONMENT | environment).items():
                patch.setenv(name, value)
            patch.setattr(importlib.import_module("conformance.cli.run"), "load", lambda _: self._spec)
            with pytest.raises(SystemExit):
                main(words)
        printed = self._capture.readouterr()
        # The parrot is in this process, too, and logs that it was left.
        logged = [logging.Formatter().format(one) for one in self._log.records if one.name != "websockets.server"]
        assert (folder / "out").is_dir(), printed.err
        assert "Traceback" not in printed.err + "".join(logged)
        written = {path: path.read_text() for path in sorted((folder / "out").iterdir())}
        assert {"run.jsonl", "parity.json", "parity.md"} <= {path.name for path in written}
        told = {"stdout": printed.out, "stderr": printed.err, "the log": "\n".join(logged)} | written
        for where, said in told.items():
            at = said.find(MARKER)
            assert at < 0, f"{where}: {said[max(0, at - 100) : at + 100]}"
        return "".join(told.values())


@pytest.fixture
def run(whole_spec: Spec, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> Iterator[Told]:
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)}
    yield Told(whole_spec, capsys, caplog)
    for number, handler in before.items():
        signal.signal(number, handler)


def test_not_the_one_that_signs_tokens(run: Told, tmp_path: Path, parrot: Parrot) -> None:
    parrot.secrets = [JWT]
    assert "«redacted»" in run(tmp_path, parrot, SIGNED, "provision: {driver: jwt, conversations: any id}")


def test_not_a_static_token(run: Told, tmp_path: Path, parrot: Parrot) -> None:
    parrot.secrets = [STATIC]
    parrot.patience = 1000  # With few accounts a run may find nothing but a target that lets nobody in any more.
    assert "«redacted»" in run(tmp_path, parrot, UNSIGNED, STATICALLY)


def test_not_a_header_nor_a_password_nor_the_token_of_a_login(run: Told, tmp_path: Path, parrot: Parrot) -> None:
    parrot.secrets = [KEY]
    with accounts(JWT) as service:
        service.screech = parrot.screech
        section = HTTP.format(api=service.url) + LOGIN.format(url=service.url, password="${password}")
        said = run(tmp_path, parrot, UNSIGNED, section)
        assert "POST /conversations was answered with 404" in said
        assert service.told
        for one in service.told:
            assert one not in said


@pytest.mark.parametrize("engine", ["postgresql", pytest.param("sqlite", marks=pytest.mark.nightly)])
def test_not_the_password_of_a_database(run: Told, tmp_path: Path, parrot: Parrot, engine: str) -> None:
    parrot.secrets = [JWT, PASSWORD]
    if engine == "postgresql":
        said = run(tmp_path, parrot, SIGNED, BY_STATEMENT)
        assert "onnection" in said
        return
    database = f"sqlite:///{tmp_path}/{MARKER}-in-the-name.db"
    parrot.secrets = [JWT, database]
    with (made := create_engine(database)).begin() as connection:
        connection.execute(text("create table rooms (name text)"))
        connection.execute(
            text(f"create trigger no before insert on rooms begin select raise(abort, 'no: {JWT}{database}'); end")
        )
    made.dispose()
    said = run(tmp_path, parrot, SIGNED, BY_STATEMENT, PARITY_DATABASE=database)
    assert "'insert into rooms (name) values (:name)': no: «redacted»«redacted»" in said


def test_not_where_a_file_is_wrong(tmp_path: Path, parrot: Parrot) -> None:
    file = tmp_path / "target.yaml"
    section = {"driver": "sql", "url_env": "U"}
    file.write_text(json.dumps({"name": "x", "instances": [parrot.url], "provision": section}))
    ended = subprocess.run(
        [sys.executable, "-m", "conformance.cli", "run", str(file)],
        env={**os.environ, "U": f"nonsense://{MARKER}:{MARKER}@x"},
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert (ended.returncode, MARKER in ended.stdout + ended.stderr) == (2, False)
