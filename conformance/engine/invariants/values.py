"""What goes into the evaluation of invariants, and what comes out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Direction = Literal["sent", "received", "opened", "closed"]

SERVER = "server"
CLIENT = "client"


@dataclass(frozen=True, slots=True)
class Observation:
    """One event on one connection.

    `client` is the name that a reader sees. `connection` tells connections apart: a client that comes back has another
    one. `user` is the id of its user (None: unknown). `frame` is the JSON value of a frame, in the protocol's names;
    None if there is none that can be read. `detail` says what is wrong with it as JSON (a binary frame, a key that is
    there twice); it is empty for sound JSON. For `closed`, `detail` says how.

    `at_seconds` is from any clock that runs forwards; a `sent` frame is observed before the server can have it, a
    `received` one as soon as it has come.
    """

    at_seconds: float
    client: str
    connection: str
    user: str | None
    direction: Direction
    frame: object | None = None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Violation:
    """An invariant that an observation breaks; `index` is its place in the sequence, counted from 0.

    `by` is `server`, or `client` for a request that does not fit its schema: then there is no `rule`.
    """

    rule: str | None
    invariant: str
    client: str
    index: int
    explanation: str
    by: str = SERVER


@dataclass(frozen=True, slots=True)
class Finding:
    """A violation before its place is known; `index` is that of an earlier observation, None is the present one."""

    rule: str | None
    explanation: str
    index: int | None = None
    by: str = SERVER
