"""Edits the text of a waiver file: removes entries, appends entries, and keeps everything else byte for byte.

It cuts lines instead of dumping values: a library that reads and writes YAML keeps comments, but attaches those above
an entry to the entry before, so they would go with the wrong one.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from conformance.errors import BadFile

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from conformance.files.documents import Document
    from conformance.results.waivers.model import Waiver

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._-]*")
_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off"})
"""Plain words that some YAML readers take for booleans or null."""


def edited(text: str, document: Document, gone: Collection[int], new: Sequence[Waiver]) -> str:
    """Give the text without the entries whose index is in `gone`, and with `new` ones at its end; raises BadFile."""
    lines = [f"{line}\n" for line in text.removesuffix("\n").split("\n")]
    starts = [document.line(("waivers", index)) for index in range(len(document.value["waivers"]))]
    for index, start in enumerate(starts):
        if starts.count(start) > 1 or not lines[start - 1].lstrip().startswith("- "):
            message = "this entry cannot be edited; begin it with `- ` on a line of its own"
            raise BadFile(document.mistake(message, ("waivers", index)))
    cut = {number for index in gone for number in _block(lines, starts, index)}
    rest = [line for number, line in enumerate(lines, 1) if number not in cut]
    if len(gone) == len(starts):  # Nothing is left, and an empty list has another form.
        head = [number for number, line in enumerate(rest) if line.startswith("waivers:")]
        if len(head) != 1:
            raise BadFile(document.mistake("write `waivers:` at the beginning of a line"))
        rest[head[0]] = "waivers:\n" if new else "waivers: []\n"
    indent = _indent(lines[starts[0] - 1]) if starts else 2
    return "".join([*rest, *(_written(entry, " " * indent) for entry in new)])


def _block(lines: Sequence[str], starts: Sequence[int], index: int) -> range:
    """Give the line numbers of an entry, with the comment directly above it and without what is below."""
    start = starts[index]
    end = min((line for line in starts if line > start), default=len(lines) + 1)
    indent = _indent(lines[start - 1])
    while end - 1 > start and (not lines[end - 2].strip() or _is_comment(lines[end - 2], indent)):
        end -= 1
    while start > 1 and _is_comment(lines[start - 2], indent):
        start -= 1
    return range(start, end)


def _is_comment(line: str, indent: int) -> bool:
    """Tell whether a line is a comment between entries: further in, it may be a part of a text."""
    return line.lstrip().startswith("#") and _indent(line) <= indent


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _written(entry: Waiver, indent: str) -> str:
    fields = {"scenario": entry.scenario, "rule": entry.rule, "reason": entry.reason, "issue": entry.issue}
    fields |= {"owner": entry.owner, "expires": entry.expires, "flaky": "true" if entry.flaky else ""}
    bare = ("expires", "flaky")
    pairs = [f"{key}: {value if key in bare else _scalar(value)}" for key, value in fields.items() if value]
    return f"{indent}- " + f"\n{indent}  ".join(pairs) + "\n"


def _scalar(text: str) -> str:
    """Write a text as YAML; quoted as in JSON it is one in YAML too."""
    plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS
    return text if plain else json.dumps(text)
