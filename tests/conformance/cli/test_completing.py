"""Shell completion is click's; what the guide says to put into a shell's file works in that shell."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from conformance.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

GUIDE = Path(__file__).parents[3] / "docs" / "command-line.md"
LINES = {
    "bash": 'eval "$(_CHAT_PARITY_COMPLETE=bash_source chat-parity)"',
    "zsh": 'eval "$(_CHAT_PARITY_COMPLETE=zsh_source chat-parity)"',
    "fish": "_CHAT_PARITY_COMPLETE=fish_source chat-parity | source",
}


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Callable[[str], list[str]]]:
    """Give what bash is told to offer after these words, of which the last is still being typed."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}

    def ask(words: str) -> list[str]:
        monkeypatch.setenv("_CHAT_PARITY_COMPLETE", "bash_complete")
        monkeypatch.setenv("COMP_WORDS", words)
        monkeypatch.setenv("COMP_CWORD", str(len(words.split(" ")) - 1))
        with pytest.raises(SystemExit):
            main([])
        return [line.partition(",")[2] for line in capsys.readouterr().out.splitlines()]

    yield ask
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("chat-parity wa", ["waivers", "watch"]),
        ("chat-parity waivers u", ["update"]),
        ("chat-parity run --last", ["--last-failed"]),
        ("chat-parity run --level m", ["must"]),
        ("chat-parity report --format gi", ["github"]),
        ("chat-parity list me", ["messages"]),
        ("chat-parity run --feature send_", ["send_message"]),
        ("chat-parity run --rule PING-1", ["PING-1"]),
        (
            "chat-parity run staging.yaml send-message.arrives-o",
            ["send-message.arrives-o", "send-message.arrives-once"],
        ),
        ("chat-parity probe sender-e", ["sender-e", "sender-echo"]),
    ],
)
def test_offers_verbs_options_and_their_values(
    asked: Callable[[str], list[str]], words: str, offered: list[str]
) -> None:
    assert asked(words) == offered


@pytest.mark.parametrize("shell", LINES)
def test_the_guide_says_what_to_put_into_the_file_of_a_shell(shell: str) -> None:
    assert LINES[shell] in GUIDE.read_text(encoding="utf-8")


@pytest.mark.skipif(not shutil.which("bash"), reason="no bash")
def test_bash_completes_after_the_line_of_the_guide(tmp_path: Path) -> None:
    command = tmp_path / "chat-parity"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m conformance.cli "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    script = f"""{LINES["bash"]}
        COMP_WORDS=(chat-parity cov) COMP_CWORD=1
        _chat_parity_completion chat-parity cov chat-parity
        echo "${{COMPREPLY[@]}}"
    """
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(GUIDE.parents[1])}
    done = subprocess.run(
        ["bash", "-c", script], env=environment, capture_output=True, text=True, check=True, timeout=100
    )
    assert done.stdout == "coverage\n"
