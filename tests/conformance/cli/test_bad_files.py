"""Whatever file is named on the command line: one line that names it and says what is wrong, exit code 2, at once."""

from __future__ import annotations

import importlib
import os
import signal
from typing import TYPE_CHECKING

import pytest

from conformance.cli.main import main
from conformance.errors import BadFile
from conformance.files.documents import read_yaml
from conformance.results.runlog import read_run

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from conformance.spec import Spec

GIGABYTE = 1 << 30


def _sparse(file: Path) -> None:
    with file.open("wb") as stream:
        stream.truncate(GIGABYTE)


MAKE: dict[str, Callable[[Path], object]] = {
    "missing": lambda _: None,
    "a folder": lambda file: file.mkdir(),
    "empty": lambda file: file.write_bytes(b""),
    "only spaces": lambda file: file.write_text("  \n \n"),
    "noise": lambda file: file.write_bytes(bytes(range(256)) * 8),
    "UTF-16": lambda file: file.write_bytes("name: toy\n".encode("utf-16")),
    "a NUL": lambda file: file.write_bytes(b"name: to\0y\n"),
    "Latin-1": lambda file: file.write_bytes("name: caf\u00e9\n".encode("latin-1")),
    "half a pair of surrogates": lambda file: file.write_bytes(b"name: \xed\xa0\x80\n"),
    "a gigabyte": _sparse,
    "a named pipe": os.mkfifo,
    "a link to itself": lambda file: file.symlink_to(file),
    "a link to nothing": lambda file: file.symlink_to(file.with_name("nothing")),
    "deep": lambda file: file.write_text("[" * 100_000),
    "an archive": lambda file: file.write_bytes(b"PK\x03\x04" + bytes(100)),
    "a page": lambda file: file.write_text("<!DOCTYPE html>\n<title>404</title>\n"),
    "a number": lambda file: file.write_text("7\n"),
    "a text": lambda file: file.write_text('"name"\n'),
    "a list": lambda file: file.write_text('["name"]\n'),
    "nothing in it": lambda file: file.write_text("null\n"),
    "an empty mapping": lambda file: file.write_text("{}\n"),
    "a hostile text": lambda file: file.write_text('{"\\u001b[2J\\u202e": 1}\n'),
}

VERBS = {
    "run": ("run", "{file}", "--out", "{folder}/out"),
    "probe": ("probe", "{file}"),
    "lint": ("lint", "{file}"),
    "report": ("report", "{file}"),
    "coverage": ("coverage", "{file}"),
    "gate": ("gate", "{file}", "--against", "{file}"),
    "compare": ("compare", "{file}", "{file}", "--folder", "{folder}/out"),
    "waivers": ("waivers", "check", "{file}"),
    "update": ("waivers", "update", "{file}"),
}


@pytest.fixture
def ended(
    whole_spec: Spec, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Callable[..., tuple[int, str]]]:
    """Run the command and give its exit code and what it says."""
    before = signal.getsignal(signal.SIGTERM)

    def run(*words: str) -> tuple[int, str]:
        module = importlib.import_module(f"conformance.cli.{words[0]}")
        if hasattr(module, "load"):
            monkeypatch.setattr(module, "load", lambda _: whole_spec)
        if words[0] == "lint":  # of the spec itself there is nothing to say, and that takes a second each time
            monkeypatch.setattr(module, "find_mistakes", lambda *_: [])
        with pytest.raises(SystemExit) as exited:
            main([*words])
        captured = capsys.readouterr()
        return int(exited.value.code or 0), captured.err + captured.out

    yield run
    signal.signal(signal.SIGTERM, before)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("kind", MAKE)
def test_a_file_that_is_none_of_ours_is_one_line_and_2(
    ended: Callable[..., tuple[int, str]], tmp_path: Path, verb: str, kind: str
) -> None:
    file = tmp_path / "given.yaml"
    MAKE[kind](file)
    code, said = ended(*(word.format(file=file, folder=tmp_path) for word in VERBS[verb]))
    assert code == 2, said
    named = [line for line in said.splitlines() if str(file) in line]
    assert len(named) >= 1
    assert "Traceback" not in said
    assert all(line.isprintable() for line in said.splitlines())
    assert len(said) < 2000
    assert not (tmp_path / "out").exists()


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="this system has no such permissions")
@pytest.mark.parametrize("read", [read_yaml, read_run])
def test_a_file_that_one_may_not_read_is_one_line(tmp_path: Path, read: Callable[[Path], object]) -> None:
    file = tmp_path / "given.yaml"
    file.write_text("name: toy\n")
    file.chmod(0)
    root = os.geteuid() == 0
    try:
        if root:  # whom no permission stops
            os.seteuid(65534)
        with pytest.raises(BadFile, match=r"Permission denied") as raised:
            read(file)
    finally:
        if root:
            os.seteuid(0)
    assert "\n" not in str(raised.value)
