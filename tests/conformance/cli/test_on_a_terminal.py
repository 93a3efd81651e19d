"""The command on a real terminal: a pseudo-terminal of a given width, with what people put into the environment."""

from __future__ import annotations

import os
import pty
import re
import struct
import subprocess
import sys
import termios
from fcntl import ioctl
from typing import TYPE_CHECKING

import pytest
from rich.cells import cell_len

from tests.conformance.cli.test_report import recorded
from tests.conformance.report import runs

if TYPE_CHECKING:
    from pathlib import Path

ESCAPE = re.compile(r"\x1b\[[\d;?]*[a-zA-Z]")
COLOUR = re.compile(r"\x1b\[(?:\d+;)*3\d")
PROGRESS = """
from rich.console import Console
from conformance.cli.progress import Progress
from tests.conformance.cli.test_progress import CALIBRATION, Outcome, result
with Progress(Console(highlight=False), 2) as progress:
    for record in (CALIBRATION, result(Outcome.PASS), result(Outcome.FAIL)):
        progress.take(record)
"""


def on_a_terminal(*arguments: str, columns: int = 80, **environment: str) -> str:
    """Run Python on a pseudo-terminal and give everything that it wrote there."""
    outside, inside = pty.openpty()
    ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    plain = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR", "COLUMNS")}
    command = [sys.executable, *arguments]
    with subprocess.Popen(
        command, stdin=inside, stdout=inside, stderr=inside, env=plain | {"TERM": "xterm-256color"} | environment
    ) as process:
        os.close(inside)
        written = b""
        while True:
            try:
                part = os.read(outside, 65536)
            except OSError:  # Linux says so when the last program has left the terminal
                break
            if not part:
                break
            written += part
        process.wait()
    os.close(outside)
    return written.decode()


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return recorded(tmp_path_factory.mktemp("log") / "run.jsonl", runs.mixed())


def report(log: Path, **more: str) -> str:
    return on_a_terminal("-m", "conformance.cli", "report", str(log), columns=40, **more)


def test_a_report_has_colours_and_a_table_that_fits(log: Path) -> None:
    text = report(log)
    assert COLOUR.search(text)
    table = ESCAPE.sub("", text).replace("\r", "").split("\n\n")[1].split("\n")
    assert table[0].split() == ["#", "Feature", "Verdict"]
    assert max(map(cell_len, table)) <= 40


def test_nobody_who_wants_no_colours_gets_any(log: Path) -> None:
    assert not COLOUR.search(report(log, NO_COLOR="1"))
    assert not ESCAPE.search(report(log, TERM="dumb"))


@pytest.mark.parametrize("force", [False, True])
def test_a_pipe_has_colours_only_by_force(log: Path, force: bool) -> None:
    environment = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    command = [sys.executable, "-m", "conformance.cli", "report", str(log)]
    forced = environment | ({"FORCE_COLOR": "1"} if force else {})
    text = subprocess.run(command, capture_output=True, text=True, env=forced, check=False).stdout
    assert bool(COLOUR.search(text)) is force
    assert "  4  Editing   FAIL         0 of 3 must rules" in ESCAPE.sub("", text)  # as wide as without


def test_progress_is_live_and_leaves_the_terminal_as_it_was() -> None:
    text = on_a_terminal("-c", PROGRESS, columns=40)
    assert "\x1b[?25l" in text
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")
    left = [line for line in ESCAPE.sub("", text).replace("\r", "\n").split("\n") if line.strip()]
    assert any(line.startswith("FAIL ") for line in left)
    assert not any(line.startswith("PASS ") for line in left)
