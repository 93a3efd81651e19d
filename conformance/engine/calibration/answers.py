"""What the answers to several requests have in common, without the requests' own words, ids and numbers."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.target.dialect import wire_type

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from conformance.target.dialect import Dialect

VARYING = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\b(?=\w*\d)[0-9a-fA-F]{8,}\b|\d+")
"""The parts that differ between two answers of the same kind: ids, times, positions, counts."""

ECHO = "…"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: whether it refuses, its code if it is an error with one, and its words without echoes and numbers."""

    error: bool
    code: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Pattern:
    """How a target answers invented types; `codes` is None if each answer has a code of its own, which says nothing."""

    errors: frozenset[bool]
    codes: frozenset[str] | None
    words: frozenset[str]
    longest: int

    @classmethod
    def of(cls, answers: Sequence[Answer]) -> Pattern:
        """Give what these answers have in common."""
        codes = frozenset(one.code for one in answers)
        return cls(
            frozenset(one.error for one in answers),
            None if len(codes) == len(answers) else codes,
            frozenset.intersection(*(frozenset(one.words) for one in answers)),
            max(len(one.words) for one in answers),
        )

    def fits(self, answer: Answer, *, by_code: bool) -> bool:
        """Tell whether an answer has this pattern; `by_code`: the code alone distinguishes kinds of errors."""
        if answer.error not in self.errors or (self.codes is not None and answer.code not in self.codes):
            return False
        return by_code or (self.words <= set(answer.words) and len(answer.words) <= self.longest)

    @property
    def silent(self) -> bool:
        """Whether an invented type may bring no answer at all."""
        return False in self.errors and not self.words


def words(value: Any, request: Mapping[str, Any], kind: str, dialect: Dialect | None) -> tuple[str, ...]:
    """Give the words of a frame, without echoes of a request of this type and without counters."""
    # The text of an error uses the server's own names.
    echoes = {kind, wire_type(dialect, kind), *_texts(request)}
    text = json.dumps(_without_request(value, _written(request)), ensure_ascii=False, sort_keys=True)
    for echo in sorted(echoes, key=len, reverse=True):
        if echo:
            written = re.escape(json.dumps(echo, ensure_ascii=False)[1:-1])
            text = re.sub(rf"(?<!\w){written}(?!\w)", ECHO, text)
    return tuple(re.findall(rf"\w+|{ECHO}|#", VARYING.sub("#", text)))


def _written(request: Mapping[str, Any]) -> tuple[object, ...]:
    """Give a request in the forms in which a server may repeat it as a whole."""
    return request, *(
        json.dumps(request, ensure_ascii=escaped, separators=separators)
        for escaped in (False, True)
        for separators in ((",", ":"), (", ", ": "))
    )


def _without_request(value: Any, written: Sequence[object]) -> Any:
    if value in written:
        return ECHO
    if isinstance(value, dict):
        return {key: _without_request(one, written) for key, one in value.items()}
    if isinstance(value, list):
        return [_without_request(one, written) for one in value]
    if isinstance(value, str):
        for text in written:
            value = value.replace(text, ECHO) if isinstance(text, str) else value
    return value


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _texts(one)
