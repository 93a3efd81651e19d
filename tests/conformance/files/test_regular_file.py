from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from conformance.errors import BadFile, MachineFailed
from conformance.files.documents import read_yaml
from conformance.results.runlog import read_run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize("read", [read_yaml, read_run])
@pytest.mark.parametrize(
    ("number", "said"),
    [(errno.EMFILE, "Too many open files: raise `ulimit -n`"), (errno.EIO, "Input/output error")],
)
def test_what_this_machine_lacks_is_no_mistake_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Callable[[Path], object], number: int, said: str
) -> None:
    def refuse(path: Path, *_: object) -> int:
        raise OSError(number, os.strerror(number), str(path))

    file = tmp_path / "file"
    file.write_text("{}")
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(MachineFailed) as raised:
        read(file)
    assert str(raised.value) == f"{file}: {said}"


def test_a_name_that_is_too_long_is_one(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="File name too long"):
        read_yaml(tmp_path / ("x" * 300))
