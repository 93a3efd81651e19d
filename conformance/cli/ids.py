"""Reads a list of scenarios from a file: for example a tool's selection, or last time's failures."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.engine.run.selection import Selection, unknown_pattern
from conformance.errors import BadFile, Mistake
from conformance.files.did_you_mean import did_you_mean
from conformance.files.documents import read_text

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.spec import Spec


def read_ids(file: Path, spec: Spec) -> tuple[str, ...]:
    """Give the ids and globs of a file, one per line; empty lines and lines that begin with `#` are ignored.

    Raises BadFile with the line of an id that does not exist.
    """
    lines = [(number, line.strip()) for number, line in enumerate(read_text(file).splitlines(), 1)]
    ids = {line: number for number, line in lines if line and not line.startswith("#")}
    if not ids:
        raise BadFile(Mistake(file, 0, "has no ids; write one per line, `chat-parity list scenarios` shows them"))
    wrong = unknown_pattern(spec, Selection(tuple(ids)))
    if wrong is not None:
        meant = did_you_mean(wrong, spec.scenarios, "; `chat-parity list scenarios` shows them")
        raise BadFile(Mistake(file, ids[wrong], f"no scenario is called {wrong!r}{meant}"))
    return tuple(ids)
