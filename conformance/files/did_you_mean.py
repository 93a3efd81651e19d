"""Guesses what somebody meant by a word that does not exist."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(wrong: str, known: Iterable[str]) -> str | None:
    """Give the known word that is most like another one, whatever their case and `-`, `_` or spaces between words."""
    by_form = {_form(one): one for one in reversed(tuple(known))}
    near = difflib.get_close_matches(_form(wrong), by_form, n=1)
    return by_form[near[0]] if near else None


def did_you_mean(wrong: str, known: Iterable[str], otherwise: str = "") -> str:
    """Give the end of an error message: `; did you mean 'x'?`, or `otherwise` if no known word is like it."""
    near = nearest(wrong, known)
    return otherwise if near is None else f"; did you mean {near!r}?"


def _form(word: str) -> str:
    return word.casefold().replace("-", "_").replace(" ", "_")
