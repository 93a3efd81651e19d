from __future__ import annotations

import importlib
import signal
import subprocess
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING

import click
import pytest

from conformance import __version__
from conformance.cli.ending import USAGE, take_signals
from conformance.cli.main import _VERBS, chat_parity, main
from conformance.errors import BadFile, Mistake, ProvisioningFailed, TargetUnreachable, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def own_handler() -> Iterator[None]:
    """`main` takes some signals for itself; give them back."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


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
        (["brew"], "No such command 'brew'; `chat-parity --help` shows them"),
        (["Repot"], "No such command 'Repot'; did you mean 'report'?"),
        (["history", "shwo"], "No such command 'shwo'; did you mean 'show'?"),
        (["waivers", "brew"], "No such command 'brew'; `chat-parity waivers --help` shows them"),
        (["--brew"], "No such option '--brew'; --help shows them"),
        (["run", "--for", "1s"], "No such option '--for'; did you mean '--format'?"),
        (["run", "--ot", "x"], "No such option '--ot'; did you mean '--out'?"),
        (["watch", "--onlokers"], "No such option '--onlokers'; --help shows them"),
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


@pytest.mark.parametrize(("name", "why"), [("nowhere", "No such file or directory"), ("x" * 300, "File name too long")])
def test_a_spec_folder_that_cannot_be_read_ends_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, why: str
) -> None:
    assert ended("lint", "--spec", str(tmp_path / name)) == 2
    assert capsys.readouterr().err == f"chat-parity: the spec folder {tmp_path / name} cannot be read: {why}\n"


def test_a_bad_spec_folder_ends_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("list", "rules", "--spec", str(tmp_path)) == 2
    assert capsys.readouterr().err.startswith("chat-parity: ")


class TestWhatNobodyForesaw:
    """Exit code 4 and one line with the true cause: 1 is a verdict on a server."""

    @pytest.mark.parametrize(
        ("error", "said"),
        [
            (PermissionError(13, "Permission denied", "/etc/reports\x1b"), "/etc/reports\\x1b: Permission denied"),
            (OSError(28, "No space left on device", "run.jsonl"), "run.jsonl: No space left on device"),
            (OSError(36, "File name too long", "x" * 9), "xxxxxxxxx: File name too long"),
            (OSError(28, "No space left on device"), "No space left on device"),  # a file that nobody named
            (ZeroDivisionError("division\nby zero"), "an unexpected error: ZeroDivisionError: division by zero"),
            (MemoryError(), "there is not enough memory"),
            (ExceptionGroup("two", [KeyError("one"), OSError()]), "an unexpected error: KeyError: 'one'"),
            (ImportError("no SOCKS"), "an unexpected error: ImportError: no SOCKS"),
        ],
        ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
    )
    def test_is_one_line(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, said: str
    ) -> None:
        failing(monkeypatch, error)
        assert ended("run") == 4
        shown = capsys.readouterr()
        assert shown.err.startswith(f"chat-parity: {said}")
        assert shown.err.count("\n") == 1
        assert shown.out == ""

    @pytest.mark.parametrize(
        ("error", "said"),
        [
            (FileExistsError(17, "File exists", "report"), "it is a file, not a folder"),
            (
                NotADirectoryError(20, "Not a directory", "report"),
                "there is a file where a folder must be, at this name or above it",
            ),
            (IsADirectoryError(21, "Is a directory", "report"), "it is a folder, not a file"),
        ],
        ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else None,
    )
    def test_is_a_mistake_where_a_file_is_in_the_place_of_a_folder_or_the_other_way_round(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: BaseException, said: str
    ) -> None:
        failing(monkeypatch, error)
        assert ended("run") == 2
        assert capsys.readouterr().err == f"chat-parity: report: {said}\n"

    def test_is_no_verdict_even_where_it_cannot_be_told(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        failing(monkeypatch, OSError(24, "Too many open files"))
        monkeypatch.setitem(sys.modules, "conformance.cli.crash", None)
        assert ended("run") == 4
        assert "Traceback" not in capsys.readouterr().err

    @pytest.mark.parametrize("words", [("--debug", "list"), ("list", "--debug")])
    def test_has_a_traceback_for_debug(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
    ) -> None:
        def fail(_: object) -> None:
            raise ZeroDivisionError("of \x1b[2J ours")

        monkeypatch.setattr(importlib.import_module("conformance.cli.listing"), "load", fail)
        assert ended(*words) == 4
        shown = capsys.readouterr().err
        assert shown.startswith("Traceback (most recent call last):\n")
        assert "\nZeroDivisionError: of \\x1b[2J ours\n" in shown
        assert "conformance/cli/listing.py:" in shown.splitlines()[-1]

    @pytest.mark.parametrize("words", [("waivers", "check", "{file}"), ("lint", "{file}")])
    def test_lets_debug_stand_behind_every_command(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
    ) -> None:
        file = tmp_path / "none.yaml"
        assert ended(*(word.format(file=file) for word in words), "--debug") == 2
        shown = capsys.readouterr()
        assert f"{file}: there is no such file" in shown.out + shown.err

    def test_is_a_working_directory_that_is_gone(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
    ) -> None:
        folder = tmp_path / "gone"
        folder.mkdir()
        monkeypatch.chdir(folder)
        folder.rmdir()
        failing(monkeypatch, FileNotFoundError(2, "No such file or directory", "reports"))
        assert ended("run") == 4
        shown = capsys.readouterr().err
        assert shown == "chat-parity: the working directory does not exist any more; change to another one\n"

    def test_is_told_where_it_happened(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], spec_folder: Path
    ) -> None:
        monkeypatch.setattr(importlib.import_module("conformance.spec.load"), "Formats", None)
        assert ended("list", "--spec", str(spec_folder)) == 4
        assert "(conformance/spec/load.py:" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_lists_every_verb(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(option) == 0
    shown = capsys.readouterr().out
    assert [verb for verb in _VERBS if f"\n  {verb} " not in shown] == []


def test_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert ended("--version") == 0
    assert capsys.readouterr().out == f"chat-parity, version {__version__}\n"


def test_python_knows_the_command_by_the_name_of_its_package() -> None:
    command = [sys.executable, "-m", "conformance", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=100)
    assert done.stdout == f"chat-parity, version {__version__}\n"


@pytest.mark.parametrize("verb", _VERBS)
def test_every_verb_has_help(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert ended(verb, "--help") == 0
    said = capsys.readouterr().out
    assert said.startswith(f"Usage: chat-parity {verb} ")
    assert r"\b" not in said  # click's mark for lines to keep is one character, not these two


def loaded_by(*arguments: str) -> set[str]:
    """The modules that the command has loaded when it ends."""
    code = "import sys\nfrom conformance.cli import main\n"
    code += f"try:\n    main({[*arguments]!r})\nexcept SystemExit: pass\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=100)
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


def command_with(stdout: int | IO[bytes], *words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "conformance.cli", *words]
    return subprocess.Popen(command, stdout=stdout, stderr=subprocess.PIPE)


def test_a_mistake_in_the_usage_is_one_even_where_nobody_can_be_told() -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "conformance.cli", "no-such-verb"]
        assert subprocess.run(command, stderr=full, check=False, timeout=100).returncode == USAGE


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (("report", ""), "an argument"),
        (("run", "--out", ""), "the value of --out"),
        (("run", "--out="), "the value of --out"),
    ],
)
def test_an_empty_argument_is_a_mistake_and_not_the_working_directory(
    words: tuple[str, ...], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(*words) == USAGE
    assert capsys.readouterr().err == f"chat-parity: {named} is empty; is a variable of the shell not set?\n"


@pytest.mark.parametrize(
    "code",
    [
        # while the modules of the command are imported
        "import builtins; was = builtins.__import__\n"
        "def load(name, *rest):\n"
        "    if name == 'click': signal.raise_signal(signal.SIGINT)\n"
        "    return was(name, *rest)\n"
        "builtins.__import__ = load\n"
        "import conformance.cli",
        # after the message about the first one
        "from conformance.cli import ending\n"
        "ending._silence = lambda: signal.raise_signal(signal.SIGINT)\n"
        "def work(): raise KeyboardInterrupt\n"
        "ending.end_with(work, debug=False)",
    ],
    ids=["early", "twice"],
)
def test_ctrl_c_leaves_no_traceback_at_any_time(code: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", f"import signal\n{code}"], capture_output=True, check=False, timeout=100
    )
    assert (done.returncode, done.stderr.replace(b"\nchat-parity: interrupted\n", b"")) == (-signal.SIGINT, b"")


@pytest.mark.parametrize("words", [("list", "rules", "--spec", "{spec}"), ("--help",)])
def test_a_reader_that_goes_away_ends_it_quietly_by_the_signal_that_a_shell_expects(
    words: tuple[str, ...], spec_folder: Path
) -> None:
    with command_with(subprocess.PIPE, *(word.format(spec=spec_folder) for word in words)) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=100) == -signal.SIGPIPE


@pytest.mark.parametrize("words", [("list", "rules", "--spec", "{spec}"), ("--help",)])
def test_a_full_disk_behind_standard_output_is_told(words: tuple[str, ...], spec_folder: Path) -> None:
    filled = [word.format(spec=spec_folder) for word in words]
    with Path("/dev/full").open("wb") as full, command_with(full, *filled) as process:
        assert process.stderr is not None
        assert process.stderr.read() == b"chat-parity: standard output: No space left on device\n"
        assert process.wait(timeout=100) == 4


def test_ignored_signals_stay_ignored_as_nohup_wants() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    assert ended("--version") == 0
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN


def test_a_second_sigterm_does_not_cut_short_how_the_command_ends() -> None:
    take_signals()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
    signal.raise_signal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
