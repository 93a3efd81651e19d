"""Reads a target file together with the file that it extends: one base for several environments."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from conformance.errors import BadFile
from conformance.files.documents import read_yaml
from conformance.files.regular_file import beside

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.files.documents import Document, Steps

KEY = "extends"
LONGEST = 10
"""The most files that extend each other in a row."""


def read_extended(file: Path) -> Document:
    """Read a file and what it extends, merged; each value knows its file and line. Raises BadFile.

    Mappings are merged by key. Any other value replaces that of the base, and a value of null removes it.
    """
    return _read(file, ())


def _read(file: Path, above: tuple[Path, ...]) -> Document:
    document = read_yaml(file)
    if not isinstance(document.value, dict) or KEY not in document.value:
        return document
    named = document.value[KEY]
    if not isinstance(named, str) or not named:
        raise BadFile(document.mistake(f"`{KEY}` takes the name of a file, relative to this one", (KEY,)))
    chain = (*above, file.resolve())
    base = beside(file, named)
    if base is None:
        raise BadFile(document.mistake(f"`{KEY}`: there is no file {named!r:.100}", (KEY,)))
    if base.resolve() in chain:
        raise BadFile(document.mistake(f"`{KEY}`: {named} extends this file, so there is no end", (KEY,)))
    if len(chain) > LONGEST:
        raise BadFile(document.mistake(f"`{KEY}`: more than {LONGEST} files extend each other", (KEY,)))
    below = _read(base, chain)
    if not isinstance(below.value, dict):
        raise BadFile(document.mistake(f"`{KEY}`: {named} is not a mapping", (KEY,)))
    return _merged(document, below)


def _merged(document: Document, base: Document) -> Document:
    lines = dict(document.lines)
    origins: dict[Steps, Path] = dict.fromkeys(document.lines, document.file) | dict(document.origins)

    def merge(own: dict[str, Any], under: dict[str, Any], path: Steps) -> dict[str, Any]:
        value: dict[str, Any] = {}
        for key in (*under, *(key for key in own if key not in under)):
            here = (*path, key)
            if key in own and key in under and isinstance(own[key], dict) and isinstance(under[key], dict):
                value[key] = merge(own[key], under[key], here)
            elif key in own:
                if own[key] is not None or key not in under:
                    value[key] = own[key]
            else:
                value[key] = under[key]
                for place, line in base.lines.items():
                    if place[: len(here)] == here:
                        lines[place], origins[place] = line, base.origin(place)
        return value

    own = {key: inner for key, inner in document.value.items() if key != KEY}
    return replace(document, value=merge(own, base.value, ()), lines=lines, origins=origins)
