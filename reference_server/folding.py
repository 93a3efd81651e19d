"""Folds text for search, so that letters match whatever their case."""

from __future__ import annotations

from unicodedata import normalize

ESCAPE = "\\"


def fold(text: str) -> str:
    """Bring texts that differ only in case or in Unicode form to the same form."""  # SRCH-1
    return normalize("NFKC", normalize("NFKC", text).casefold())


def like_pattern(query: str) -> str:
    """Turn a query into a LIKE pattern in which every character of the query is literal."""  # SRCH-2
    literal = fold(query)
    for special in (ESCAPE, "%", "_"):
        literal = literal.replace(special, ESCAPE + special)
    return f"%{literal}%"


def phrase_of_trigrams(query: str) -> str | None:
    """Turn a query into a phrase for SQLite's index of trigrams; None: it is too short for it."""
    literal = fold(query)
    if len(literal) < 3 or "\0" in literal:
        return None
    return '"' + literal.replace('"', '""') + '"'
