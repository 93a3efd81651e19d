from __future__ import annotations

import errno
import fcntl
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from conformance.errors import UsageError
from conformance.files.folder_lock import NAME, exclusive, exclusive_file

if TYPE_CHECKING:
    from pathlib import Path

HOLD = "import sys\nfrom pathlib import Path\nfrom conformance.files.folder_lock import exclusive\n"
HOLD += "with exclusive(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"


def holding(folder: Path) -> subprocess.Popen[str]:
    """A process that holds the folder until its standard input ends."""
    command = [sys.executable, "-c", HOLD, str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_one_is_refused_with_the_process_and_the_start_of_the_first(tmp_path: Path) -> None:
    with holding(tmp_path) as other:
        when = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC"
        said = re.escape(str(tmp_path)) + rf" is in use by another run \(process {other.pid}, started {when}\)"
        with pytest.raises(UsageError, match=said), exclusive(tmp_path):
            raise AssertionError("two at once")
        other.communicate("")
    with exclusive(tmp_path):
        pass


def test_the_lock_of_a_process_that_was_killed_is_none(tmp_path: Path) -> None:
    with holding(tmp_path) as other:
        other.kill()
    assert (tmp_path / NAME).exists()
    with exclusive(tmp_path):
        pass


def test_two_in_one_process_are_two(tmp_path: Path) -> None:
    with exclusive(tmp_path), pytest.raises(UsageError, match=f"process {os.getpid()}"), exclusive(tmp_path):
        raise AssertionError("two at once")


def test_a_folder_is_created_and_nothing_is_left_in_it(tmp_path: Path) -> None:
    with exclusive(tmp_path / "a" / "b"):
        assert (tmp_path / "a" / "b").is_dir()
    assert list((tmp_path / "a" / "b").iterdir()) == []


def test_a_lock_that_its_holder_removes_meanwhile_is_taken_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flock = fcntl.flock
    removed = []

    def late(file: int, how: int) -> None:
        flock(file, how)
        if not removed:
            removed.append(True)
            (tmp_path / NAME).unlink()

    monkeypatch.setattr(fcntl, "flock", late)
    with exclusive(tmp_path):
        assert (tmp_path / NAME).exists()


def test_a_file_system_without_locks_stops_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", none)
    with exclusive(tmp_path):
        pass


@pytest.mark.parametrize("text", ["", "no JSON", "[]", '{"pid": "x", "started": 3}', '{"pid": 7}'])
def test_a_lock_without_a_name_is_still_one(tmp_path: Path, text: str) -> None:
    with exclusive(tmp_path):
        (tmp_path / NAME).write_text(text)
        with pytest.raises(UsageError, match="in use by another run;"), exclusive(tmp_path):
            raise AssertionError("two at once")


@pytest.mark.parametrize("below", [".", "new", "new/one"])
def test_a_folder_that_cannot_be_one_is_a_mistake_of_the_user(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="cannot be a folder"), exclusive(tmp_path / "file" / below):
        pass


def test_a_file_that_another_one_writes_is_not_emptied(tmp_path: Path) -> None:
    file = tmp_path / "traffic.jsonl"
    with exclusive_file(file) as first:
        first.write("one\n")
        first.flush()
        with pytest.raises(UsageError, match="in use by another command"), exclusive_file(file):
            raise AssertionError("two at once")
        first.write("two\n")
    assert file.read_text() == "one\ntwo\n"
    with exclusive_file(file):
        pass
    assert file.read_text() == ""


def test_a_pipe_can_be_written(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    reading = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    with exclusive_file(tmp_path / "pipe") as pipe:
        pipe.write("one\n")
    assert os.read(reading, 100) == b"one\n"
    os.close(reading)


def test_a_full_disk_is_named_and_leaves_no_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space left") as raised, exclusive(tmp_path):
        raise AssertionError("not held")
    assert raised.value.filename == str(tmp_path / NAME)
    assert list(tmp_path.iterdir()) == []
