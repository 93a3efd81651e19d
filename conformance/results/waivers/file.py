"""Reads a waiver file; each mistake has file and line."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from conformance.errors import BadFile, Mistake
from conformance.files.documents import parse_yaml, read_text
from conformance.results.waivers.model import Waiver, Waivers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conformance.files.documents import Document
    from conformance.files.formats import Format

UNWRITTEN = "TODO"
"""The placeholder of `waivers update` for what only a person knows; a file that contains it is refused."""


def read_waivers(file: Path, form: Format, today: date) -> Waivers:
    """Read a file of waivers to judge a run on the day `today` (UTC); raises BadFile with every mistake."""
    document, entries = read_entries(file, form)
    open_ones = {index: unwritten(entry) for index, entry in enumerate(entries)}
    mistakes = [
        document.mistake(f"still to be written: `{'`, `'.join(keys)}`", ("waivers", index))
        for index, keys in open_ones.items()
        if keys
    ]
    if mistakes:
        raise BadFile(*mistakes)
    return Waivers(str(file), today.isoformat(), entries)


def read_entries(file: Path, form: Format) -> tuple[Document, tuple[Waiver, ...]]:
    """Read the entries, also unfinished ones, in the order of the file; raises BadFile with every mistake."""
    return parse_entries(read_text(file), file, form)


def parse_entries(text: str, file: Path, form: Format) -> tuple[Document, tuple[Waiver, ...]]:
    """Read the entries of a file's text, as `read_entries` does."""
    document = parse_yaml(text, file)
    form.check(document)
    entries = tuple(_entry(document, index, one) for index, one in enumerate(document.value["waivers"]))
    mistakes = list(_mistakes(document, entries))
    if mistakes:
        raise BadFile(*mistakes)
    return document, entries


def _entry(document: Document, index: int, one: dict[str, Any]) -> Waiver:
    return Waiver(
        scenario=one["scenario"],
        reason=one["reason"],
        issue=str(one["issue"]),
        owner=one["owner"],
        expires=one["expires"],
        rule=one.get("rule", ""),
        flaky=one.get("flaky", False),
        line=document.line(("waivers", index)),
    )


def _mistakes(document: Document, entries: tuple[Waiver, ...]) -> Iterator[Mistake]:
    seen: dict[tuple[str, str], int] = {}
    for index, entry in enumerate(entries):
        key = (entry.scenario, entry.rule)
        if key in seen:
            also = f" and {entry.rule}" if entry.rule else ""
            said = f"the entry of {entry.scenario}{also} is in line {seen[key]}, too; keep one"
            yield document.mistake(said, ("waivers", index))
        seen.setdefault(key, entry.line)
        if entry.expires != UNWRITTEN and not _is_date(entry.expires):
            message = f"`expires`: there is no day {entry.expires}; write it like 2026-12-31"
            yield document.mistake(message, ("waivers", index, "expires"))
        if entry.flaky and not {"*", "?"}.isdisjoint(entry.scenario):
            message = "`flaky` is about one scenario, and this is a glob; write one entry for each"
            yield document.mistake(message, ("waivers", index, "flaky"))


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def unwritten(entry: Waiver) -> tuple[str, ...]:
    """Name the fields that a person still has to write."""
    texts = {"reason": entry.reason, "issue": entry.issue, "owner": entry.owner, "expires": entry.expires}
    return tuple(key for key, text in texts.items() if not text.strip() or text.strip().upper().startswith(UNWRITTEN))
