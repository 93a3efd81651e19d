"""The process that runs the scenarios: `chat-parity run` itself, so that a pytest run and the command cannot differ.

It runs several scenarios at a time, while pytest shows its items one after the other. Under xdist, one process serves
all workers: one calibration, one throttle, and nothing beside a scenario that runs alone.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

from conformance.files.folder_lock import exclusive
from conformance.pytest_plugin.log_follower import ENDED, LOG

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

ENDING = 15.0
"""Seconds that a stopped run may take to write its footer and its reports, and to end a server that it has started."""


class RunnerProcess:
    """Runs `chat-parity run` with some arguments and `--out folder`; when pytest is gone, it stops by itself."""

    def __init__(self, arguments: Sequence[str], folder: Path) -> None:
        command = [sys.executable, "-m", "conformance.pytest_plugin.runner_process", *arguments, "--out", str(folder)]
        self._ended = folder / ENDED
        self._process = subprocess.Popen(  # noqa: S603 -- our own module
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=_environment(),
            start_new_session=True,  # Ctrl-C ends pytest, and pytest ends the run.
        )
        self._watch = threading.Thread(target=self._note_end, name="chat-parity runner", daemon=True)
        self._watch.start()

    def wait(self) -> None:
        """Wait until it has ended."""
        self._watch.join()

    def stop(self) -> None:
        """Stop it, first with Ctrl-C, then with SIGKILL."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._watch.join(ENDING)
        if self._watch.is_alive():
            self._process.kill()
            self._watch.join()

    def _note_end(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as stderr:
            said = stderr.read()
        code = self._process.wait()
        text = said.decode(errors="replace").strip().removeprefix("chat-parity: ")
        self._ended.write_text(text or f"the run ended with {code}", encoding="utf-8")


def clear(folder: Path) -> None:
    """Remove the files of an earlier run, so that no follower reads them as this one's; raises UsageError."""
    with exclusive(folder):
        for name in (LOG, ENDED):
            (folder / name).unlink(missing_ok=True)


def _environment() -> dict[str, str]:
    # The runner must find this package where pytest has found it, whatever has put it on the path.
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def _stop_with_parent() -> None:
    sys.stdin.buffer.read()
    signal.raise_signal(signal.SIGINT)  # `os.kill` would end the process at once on Windows


def main() -> None:
    """Run the command; the end of stdin is its Ctrl-C."""
    from conformance.cli import main as chat_parity  # noqa: PLC0415 -- pytest itself needs only the class above

    threading.Thread(target=_stop_with_parent, daemon=True).start()
    sys.argv[:1] = ["chat-parity", "run"]  # what the report shows as its command
    chat_parity(sys.argv[1:])


if __name__ == "__main__":
    main()
