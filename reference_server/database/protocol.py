"""What the server needs of a database."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

P = ParamSpec("P")
T = TypeVar("T")
Transaction = Callable[Concatenate[Connection, P], T]


class OpenTransaction(Protocol):
    """A transaction that is not committed yet."""

    async def run(self, transaction: Transaction[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run one function in it; several run one after the other."""


class Database(Protocol):
    """Runs functions of the store, each as one transaction."""

    #: Its name for people.
    engine: str

    async def prepare(self) -> None:
        """Bring the tables to the version of this server, one process at a time."""

    async def claim(self, *, shared: bool) -> bool:
        """Claim the database until `close`: alone, or together with all others who share it; False: it is taken."""

    async def read(self, transaction: Transaction[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a transaction that sees one snapshot and changes nothing."""

    async def write(self, transaction: Transaction[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a transaction and return when it is committed; an exception rolls it back."""

    def transaction(self) -> AbstractAsyncContextManager[OpenTransaction]:
        """Open a transaction that writes: it is committed at the end of the context, or rolled back by an exception."""

    def hurry(self) -> None:
        """Wait no more for who locks the database: the server ends."""

    async def close(self) -> None:
        """Let go of every connection, and of the claim."""
