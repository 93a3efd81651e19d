"""Reads a recorded load: `load.json`, or the folder that has one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.errors import BadFile, Mistake
from conformance.files.documents import Document, read_json
from conformance.results.load.record import FILE, LoadRecord

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.files.formats import Format


def read_load(place: Path, form: Format) -> LoadRecord:
    """Read a recorded load and check it; raises BadFile with what is wrong."""
    file = place / FILE if place.is_dir() else place
    if not file.exists():
        raise BadFile(Mistake(file, 0, "there is no recorded load; `chat-parity load TARGET --out FOLDER` makes one"))
    document = Document(file, read_json(file), {})
    form.check(document)
    return LoadRecord.from_dict(document.value)


def load_beside(folder: Path, form: Format) -> LoadRecord | None:
    """Read the load that was recorded into the folder of a run; None: there is none; raises BadFile."""
    return read_load(folder, form) if (folder / FILE).exists() else None
