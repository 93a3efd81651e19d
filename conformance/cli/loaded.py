"""The load that was recorded beside a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.errors import BadFile
from conformance.files.formats import Formats
from conformance.results.load.file import load_beside
from conformance.spec import find

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.results.load.record import LoadRecord


def loaded_beside(place: Path, spec: Path | None = None) -> tuple[LoadRecord | None, str]:
    """Give the load beside a recorded run (a log, or its folder), and what is wrong with its file."""
    folder = place if place.is_dir() else place.parent
    try:
        if not (folder / "load.json").is_file():
            return None, ""
        return load_beside(folder, Formats((spec or find()) / "formats")["load"]), ""
    except BadFile as error:
        return None, str(error)
    except OSError:
        return None, ""  # Who reads the run itself says what is wrong with the name.
