"""The input and the output of the evaluation of invariants."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Direction = Literal["sent", "received", "opened", "closed"]

SERVER = "server"
CLIENT = "client"


@dataclass(frozen=True, slots=True)
class Observation:
    """One event on one connection.

    `client` is the name that a reader sees. `connection` identifies the connection: a client that connects again has a
    new one. `user` is the id of its user (None: unknown). `frame` is the JSON value of a frame, in the names of the
    protocol; None if it cannot be read. `detail` says why it is not valid JSON (a binary frame, a duplicate key), and
    is empty for valid JSON. For `closed`, `detail` says how.

    `at_seconds` is from a monotonic clock. A `sent` frame is observed before the server can have it, and a `received`
    frame immediately after it has arrived.
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

    `by` is `server`, or `client` for a request that does not fit its schema, which has no `rule`.
    """

    rule: str | None
    invariant: str
    client: str
    index: int
    explanation: str
    by: str = SERVER


@dataclass(frozen=True, slots=True)
class Finding:
    """A violation found by a check; `index` is that of an earlier observation (None: the present one)."""

    rule: str | None
    explanation: str
    index: int | None = None
    by: str = SERVER
