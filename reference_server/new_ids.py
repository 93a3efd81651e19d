"""The ids of new conversations and messages: random, or numbers in order like the keys of a table."""

from __future__ import annotations

from itertools import count
from typing import Literal
from uuid import UUID, uuid4

Kind = Literal["conversation", "message"]

_counters: dict[Kind, count[int]] = {}


def new_id(kind: Kind) -> UUID:
    """Give a new id."""
    counter = _counters.get(kind)
    return uuid4() if counter is None else UUID(int=next(counter))


def count_from(kind: Kind, first: int) -> None:
    """Give numbers in order to new ids of a kind, in this process; only one process may serve such a database."""
    _counters[kind] = count(first)


def draw_all() -> None:
    """Make all ids random again."""
    _counters.clear()
