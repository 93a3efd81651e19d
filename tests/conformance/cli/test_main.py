from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

from conformance import __version__
from conformance.cli.main import _VERBS, chat_parity, main
from conformance.errors import BadFile, Mistake, ProvisioningFailed, TargetUnreachable, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def own_handler() -> Iterator[None]:
    """`main` takes SIGTERM for itself; give it back."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def ended(*arguments: str) -> object:
    with pytest.raises(SystemExit) as raised:
        main([*arguments])
    return raised.value.code


def failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Let every verb fail in this way."""

    @click.command()
    def verb() -> None:
        raise error

    monkeypatch.setattr(chat_parity, "get_command", lambda *_: verb)


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (UsageError("there is no such verb"), 2, "chat-parity: there is no such verb\n"),
        (BadFile(Mistake(Path("/elsewhere.yaml"), 7, "not so")), 2, "chat-parity: /elsewhere.yaml:7: not so\n"),
        (TargetUnreachable("nobody answers at ws://x"), 3, "chat-parity: nobody answers at ws://x\n"),
        (TargetUnreachable("it says \x1b[2J\u202e"), 3, "chat-parity: it says \\x1b[2J\\u202e\n"),
        (ProvisioningFailed("no users"), 3, "chat-parity: no users\n"),
        (KeyboardInterrupt(), 3, "\nchat-parity: interrupted\n"),
        (click.Abort(), 3, "chat-parity: interrupted\n"),
        (click.ClickException("something"), 2, "Error: something\n"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
)
def test_an_exception_becomes_one_message_and_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, code: int, message: str
) -> None:
    failing(monkeypatch, error)
    assert ended("run") == code
    captured = capsys.readouterr()
    assert captured.err == message
    assert captured.out == ""


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["brew"], "No such command 'brew'"),
        (["--brew"], "No such option"),
        (["run", "--brew"], "No such option"),
        (["run", "--jobs", "many"], "Invalid value for '--jobs'"),
        (["run", "--jobs", "0"], "Invalid value for '--jobs'"),
        (["report"], "Missing argument 'RUN'"),
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(*arguments) == 2
    captured = capsys.readouterr()
    assert message in captured.err
    assert "Traceback" not in captured.err


def test_a_bad_spec_folder_ends_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("list", "rules", "--spec", str(tmp_path)) == 2
    assert capsys.readouterr().err.startswith("chat-parity: ")


def test_an_error_of_the_system_about_a_file_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failing(monkeypatch, PermissionError(13, "Permission denied", "/etc/reports\x1b"))
    assert ended("run") == 2
    assert capsys.readouterr().err == "chat-parity: /etc/reports\\x1b: Permission denied\n"


def test_what_is_no_mistake_of_anybody_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        main(["run"])


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_lists_every_verb(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(option) == 0
    shown = capsys.readouterr().out
    assert [verb for verb in _VERBS if f"\n  {verb} " not in shown] == []


def test_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("--version") == 0
    assert capsys.readouterr().out == f"chat-parity, version {__version__}\n"


@pytest.mark.parametrize("verb", _VERBS)
def test_every_verb_has_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(verb, "--help") == 0
    assert capsys.readouterr().out.startswith(f"Usage: chat-parity {verb} ")


def loaded_by(*arguments: str) -> set[str]:
    """The modules that the command has loaded when it ends."""
    code = "import sys\nfrom conformance.cli import main\n"
    code += f"try:\n    main({[*arguments]!r})\nexcept SystemExit: pass\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.splitlines()[-1].split())


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    return loaded_by("--help")


class TestHelp:
    @pytest.mark.parametrize("package", ["fastapi", "sqlmodel", "sqlalchemy", "uvicorn", "reference_server"])
    def test_does_not_load_the_reference_server(self, loaded: set[str], package: str) -> None:
        assert package not in loaded

    @pytest.mark.parametrize("package", ["jsonschema", "jsonschema_rs", "websockets", "yaml"])
    def test_does_not_load_the_harness(self, loaded: set[str], package: str) -> None:
        assert package not in loaded

    def test_of_the_version_loads_no_verb(self) -> None:
        assert not {"jsonschema", "websockets", "conformance.cli.run"} & loaded_by("--version")


def test_a_reader_that_goes_away_is_no_traceback() -> None:
    command = [sys.executable, "-m", "conformance.cli", "list", "scenarios"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read().decode()
        process.wait(timeout=60)
    assert "Traceback" not in errors
    assert process.returncode in (1, 3)
