"""How text is compared when somebody searches it."""

from __future__ import annotations

from unicodedata import normalize

ESCAPE = "\\"


def fold(text: str) -> str:
    """Bring text that a reader would call the same, whatever its case, to the same form."""  # SRCH-1
    return normalize("NFKC", normalize("NFKC", text).casefold())


def like_pattern(query: str) -> str:
    """Turn a query into a LIKE pattern in which every character of the query is literal."""  # SRCH-2
    literal = fold(query)
    for special in (ESCAPE, "%", "_"):
        literal = literal.replace(special, ESCAPE + special)
    return f"%{literal}%"
