"""Reads YAML and JSON files that people write, and remembers the line of each value.

YAML is read as version 1.2 core: only `true` and `false` are booleans, a date is text, and `no` is a word. Anchors
are refused (a few lines of them can expand to gigabytes); so are duplicate keys, tags, numbers out of range, and files
over `MAX_BYTES`. Any bytes give a value or raise BadFile.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml
from yaml.reader import ReaderError

from conformance.errors import BadFile, Mistake
from conformance.files.regular_file import open_regular

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

MAX_BYTES = 1 << 20
MAX_DEPTH = 60
MAX_LOOKAHEAD = 1024
"""Characters in which YAML looks for the colon of a key; within them, a parser may fail before it gives an event."""
TOO_DEEP = f"this is nested more than {MAX_DEPTH} deep"

Steps = tuple[str | int, ...]
"""The way to a value inside a document: keys and list indices."""


@dataclass(frozen=True, slots=True)
class Document:
    """A parsed file: its value, and the line (from 1) of every value in it.

    `origins` has the file of each value that comes from another file.
    """

    file: Path
    value: Any
    lines: Mapping[Steps, int]
    origins: Mapping[Steps, Path] = field(default_factory=dict)

    def line(self, path: Steps = ()) -> int:
        """Give the line of the value at `path`, or of the nearest enclosing value that has one."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)

    def mistake(self, message: str, path: Steps = ()) -> Mistake:
        """Make the mistake of the value at `path`."""
        return Mistake(self.origin(path), self.line(path), message)

    def origin(self, path: Steps = ()) -> Path:
        """Give the file that the value at `path` comes from: one that this file extends, or this file."""
        while path and path not in self.origins:
            path = path[:-1]
        return self.origins.get(path, self.file)


def read_yaml(file: Path) -> Document:
    """Read a YAML file; raises BadFile with file, line and what to do."""
    return parse_yaml(read_text(file), file)


def parse_yaml(text: str, file: Path) -> Document:
    """Read the text of a YAML file; raises BadFile as `read_yaml` does."""
    try:
        return _Builder(file, iter(_LOADER(text).get_event, None)).document()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        if mark and _opens_too_many(text[max(0, mark.index - MAX_LOOKAHEAD) : mark.index]):
            raise BadFile(Mistake(file, line, TOO_DEEP)) from None
        problem = f"this is not YAML: {error.problem or error.context}"
        raise BadFile(Mistake(file, line, problem + _hint(text, line))) from None
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise BadFile(Mistake(file, line, f"this is not YAML: {error.reason} (#x{_code(error):04x})")) from None
    except yaml.YAMLError as error:
        raise BadFile(Mistake(file, 0, f"this is not YAML: {error}")) from None


def read_json(file: Path) -> Any:
    """Read a JSON file; raises BadFile with file, line and what to do."""
    text = read_text(file)
    try:
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise BadFile(Mistake(file, error.lineno, f"this is not JSON: {error.msg}")) from None
    except _Refused as error:
        raise BadFile(Mistake(file, error.line_in(text), str(error))) from None
    except ValueError:  # Python reads no integer of more than a few thousand digits.
        raise BadFile(Mistake(file, 0, "a number in it is too long")) from None
    except RecursionError:
        raise BadFile(Mistake(file, 0, "this is nested too deeply")) from None


def _hint(text: str, line: int) -> str:
    """Guess the most common reasons why a line is no YAML."""
    wrong = "".join(text.splitlines()[line - 1 : line])
    if "\t" in wrong[: len(wrong) - len(wrong.lstrip())]:
        return "; indent with spaces, not with tabs"
    bare = _BARE_REFERENCE.search(wrong)
    return f"; write {bare[1]} in quotes inside {{ }} and [ ]" if bare else ""


def _opens_too_many(before: str) -> bool:
    """Say whether more brackets open in a row than a document may nest: parsers have their own limits."""
    row = "".join(before.split())
    return len(row) - len(row.rstrip("[{")) > MAX_DEPTH


_BARE_REFERENCE = re.compile(r"[:,\[]\s*(\$\{[^}]*\})")


class _Refused(ValueError):
    """A value that Python's JSON reader accepts and we do not; `shown` is its text in the file."""

    def __init__(self, message: str, shown: str) -> None:
        super().__init__(message)
        self._shown = shown

    def line_in(self, text: str) -> int:
        """Give the line of the refused text if `text` contains it once or twice; otherwise 0: it is ambiguous."""
        lines = [number for number, line in enumerate(text.split("\n"), 1) for _ in range(line.count(self._shown))]
        return lines[-1] if 0 < len(lines) <= 2 else 0


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _Refused(f"the key {twice!r} is twice in one object", json.dumps(twice, ensure_ascii=False))
    return value


def _no_number(name: str) -> Any:
    raise _Refused(f"{name} is not a number in JSON", name)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise _Refused(f"{text[:20]} is too large a number", text)
    return number


def _code(error: ReaderError) -> int:
    return error.character if isinstance(error.character, int) else ord(error.character)


def read_text(file: Path) -> str:
    """Read a file that is UTF-8 and not too large; raises BadFile."""
    try:
        with open_regular(file) as stream:
            data = stream.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise BadFile(Mistake(file, 0, f"the file is larger than {MAX_BYTES:,} bytes"))
        return decoded(data, file)
    except FileNotFoundError:
        raise BadFile(Mistake(file, 0, "there is no such file")) from None
    except OSError as error:
        raise BadFile(Mistake(file, 0, f"the file cannot be read: {error.strerror}")) from None
    except ValueError:  # A path with a NUL in it, say from a `table:`.
        raise BadFile(Mistake(file, 0, "this is not the name of a file")) from None


def decoded(data: bytes, file: Path) -> str:
    """Give the text of a file that is UTF-8, without the byte order mark of some editors; raises BadFile."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # as `>` of Windows PowerShell writes it
        raise BadFile(Mistake(file, 0, "this is UTF-16 text: save it as UTF-8"))
    try:
        return data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        said = f"this is not UTF-8 text (byte {error.start} of the file): save it as UTF-8"
        raise BadFile(Mistake(file, line, said)) from None


_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Only its parser is used: this module decides what a plain word means. The C version is optional."""

_NUMBERS: tuple[tuple[re.Pattern[str], Callable[[str], int | float]], ...] = (
    (re.compile(r"[-+]?[0-9]+"), int),
    (re.compile(r"0o[0-7]+"), lambda text: int(text, 8)),
    (re.compile(r"0x[0-9a-fA-F]+"), lambda text: int(text, 16)),
    (re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"), float),
)
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("~", "null", "Null", "NULL", ""), None),
}


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


class _Builder:
    """Turns the events of a YAML file into a value, and records lines."""

    def __init__(self, file: Path, events: Iterator[Any]) -> None:
        self._file = file
        self._events = events
        self._lines: dict[Steps, int] = {}

    def document(self) -> Document:
        """Read the whole file."""
        event = next(self._events)
        while isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent):
            event = next(self._events)
        if isinstance(event, yaml.StreamEndEvent):
            raise self._mistake(0, "the file is empty")
        value = self._value(event, ())
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                raise self._mistake(_line(event), "a second document begins here; a file holds one")
        return Document(self._file, value, self._lines)

    def _value(self, event: Any, path: Steps) -> Any:
        line = _line(event)
        self._lines[path] = line
        if event.anchor is not None:
            raise self._mistake(line, "anchors and aliases are not allowed here: write the value out")
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            raise self._mistake(line, f"the tag {tag} is not allowed here; quotes make any value a text")
        if len(path) > MAX_DEPTH:
            raise self._mistake(line, TOO_DEEP)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event.value, line) if event.implicit[0] else event.value
        return self._list(path) if isinstance(event, yaml.SequenceStartEvent) else self._mapping(path)

    def _list(self, path: Steps) -> list[Any]:
        result: list[Any] = []
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            result.append(self._value(event, (*path, len(result))))
        return result

    def _mapping(self, path: Steps) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            line = _line(event)
            if not isinstance(event, yaml.ScalarEvent) or event.anchor is not None or event.tag is not None:
                raise self._mistake(line, "a key must be plain text")
            key = event.value
            if key in result:
                raise self._mistake(line, f"the key {key!r} is here twice")
            inner = (*path, key)
            result[key] = self._value(next(self._events), inner)
            self._lines[inner] = line
        return result

    def _scalar(self, text: str, line: int) -> Any:
        if text in _WORDS:
            return _WORDS[text]
        if text[0] not in "-+.0123456789":
            return text
        for pattern, kind in _NUMBERS:
            if pattern.fullmatch(text):
                return self._number(kind, text, line)
        return text

    def _number(self, kind: Callable[[str], int | float], text: str, line: int) -> int | float:
        try:
            number = kind(text)
        except ValueError:
            raise self._mistake(line, f"{text[:20]}… is too long a number") from None
        if number in (math.inf, -math.inf):
            raise self._mistake(line, f"{text[:20]} is too large a number")
        return number

    def _mistake(self, line: int, message: str) -> BadFile:
        return BadFile(Mistake(self._file, line, message))
