"""Guesses what somebody meant by a word that does not exist."""

from __future__ import annotations

import difflib
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


SOME = 20
"""The words to look at more closely."""
ALIKE = 0.6
"""How much of two words must be the same, from 0 to 1, as in difflib."""


def nearest(wrong: str, known: Iterable[str]) -> str | None:
    """Give the known word that is most like another one, whatever their case and `-`, `_` or spaces between words."""
    by_form = {_form(one): one for one in reversed(tuple(known))}
    near = difflib.get_close_matches(_form(wrong), by_form, n=SOME)
    return next((by_form[one] for one in near if _is_close(_form(wrong), one)), None)


def did_you_mean(wrong: str, known: Iterable[str], otherwise: str = "") -> str:
    """Give the end of an error message: `; did you mean 'x'?`, or `otherwise` if no known word is like it."""
    near = nearest(wrong, known)
    return otherwise if near is None else f"; did you mean {near!r}?"


def _is_close(wrong: str, known: str) -> bool:
    """Tell whether two words are alike in each part: `send_message.nope` shares with others only what is no mistake."""
    for mark in ".", "_":
        parts = wrong.split(mark), known.split(mark)
        if len(parts[0]) == len(parts[1]) > 1:
            return all(map(_is_close, *parts))
    return difflib.SequenceMatcher(None, wrong, known).ratio() >= ALIKE


def _form(word: str) -> str:
    words = _CAMEL.sub("_", word.lstrip("-"))
    return words.casefold().replace("-", "_").replace(" ", "_")


_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
