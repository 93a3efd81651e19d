"""The interface of a database."""

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
        """Run a function in the transaction; several functions run one after the other."""


class Database(Protocol):
    """Runs functions of the store, each as one transaction."""

    #: Its name in messages.
    engine: str

    async def prepare(self) -> None:
        """Bring the tables to the version of this server, one process at a time."""

    async def claim(self, *, shared: bool) -> bool:
        """Claim the database until `close`: alone, or shared with other processes. False: another process has it."""

    async def read(self, transaction: Transaction[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a transaction that sees one snapshot and changes nothing."""

    async def write(self, transaction: Transaction[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a transaction and return when it is committed; an exception rolls it back."""

    def transaction(self) -> AbstractAsyncContextManager[OpenTransaction]:
        """Open a transaction that writes; the context commits it at its end, or rolls it back after an exception."""

    def hurry(self) -> None:
        """Stop waiting for programs that lock the database, because the server ends."""

    async def close(self) -> None:
        """Close all connections, and release the claim."""
