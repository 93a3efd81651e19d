"""The driver of servers whose database the harness may write: templated statements, through SQLAlchemy.

    - insert into users (id, name) values (:user_id, :name)
    - {sql: "insert into rooms (name) values (:name) returning id", capture: {conversation_id: id}}

Values are bound parameters, never parts of a statement. The steps for one thing are one transaction.
"""

from __future__ import annotations

import asyncio
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from conformance.errors import ProvisioningFailed, UsageError
from conformance.target.provision.recipe import Language, Recipe, read_recipe
from conformance.target.provision.scripted import scripted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from sqlalchemy import Connection, Engine

    from conformance.files.documents import Document
    from conformance.target.accounts import ExpectedId, Provisioner
    from conformance.target.model import Target
    from conformance.target.provision.recipe import Step
    from conformance.target.provision.scripted import Names
    from conformance.target.secrets import Secrets

THREADS = 4
"""Transactions at a time."""
PATIENCE = 10
"""Seconds for a connection, and on SQLite for another writer."""
SHOWN = 300
_NAME = re.compile(r"(?<![:\w\\]):(\w+)(?!:)")
"""A reference to a value in a statement: `:name`, but not `::type` (as in `sqlalchemy.text`)."""
_DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}


@dataclass(frozen=True, slots=True)
class Sql:
    """The settings of the target file: the URL of the database, and the statements."""

    url: str = field(repr=False)
    recipe: Recipe
    variable: str = ""

    @property
    def addresses(self) -> tuple[str, ...]:
        """Give the URL of the database, without user and password."""
        parts = urlsplit(self.url)
        return (f"{parts.scheme}://{parts.hostname}{parts.path}",) if parts.hostname else ()

    @property
    def expected_ids(self) -> Sequence[ExpectedId]:
        """Give an example of each kind that no step captures."""
        return self.recipe.expected_ids

    @classmethod
    def read(cls, document: Document, secrets: Secrets) -> Sql:
        """Read the section `provision`; raises BadFile or UsageError."""
        variable = document.value["provision"]["url_env"]
        url = secrets.read(variable, document.file, "the URL of the server's database")
        password = urlsplit(url).password or ""
        for form in (password, unquote(password)):
            secrets.keep(form)
        return cls(url, read_recipe(document, Language(_referred, _captured, ":%s")), variable)

    @asynccontextmanager
    async def open(self, target: Target, default_role: str) -> AsyncIterator[Provisioner]:
        """Open the database; raises UsageError if its driver is not installed."""
        engine = _engine(self.url, self.variable)
        with ThreadPoolExecutor(THREADS, thread_name_prefix="sql") as threads:
            try:
                statements = Statements(engine, threads, target.secrets)
                async with scripted(self.recipe, statements, target) as provisioner:
                    yield provisioner
            finally:
                engine.dispose()


def _engine(url: str, variable: str) -> Engine:
    from sqlalchemy import create_engine, event  # noqa: PLC0415 -- a target of another driver does without it
    from sqlalchemy.engine import make_url  # noqa: PLC0415 -- as above
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError  # noqa: PLC0415 -- as above

    try:
        parsed = make_url(url)
        lite = parsed.get_backend_name() == "sqlite"
        limit = {"timeout": PATIENCE} if lite else {}
        chosen = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
        engine = create_engine(chosen, pool_size=THREADS, connect_args=limit)
    except NoSuchModuleError:
        raise UsageError(f"{variable}: SQLAlchemy knows no database {url.partition(':')[0]!r}") from None
    except ArgumentError:
        raise UsageError(f"{variable} holds no URL of a database: postgresql://user:password@host/name") from None
    except ModuleNotFoundError as error:
        wanted = "pip install 'chat-parity[sql]'" if error.name == "psycopg" else f"pip install {error.name}"
        raise UsageError(f"{variable}: this database needs {error.name}: {wanted}") from None
    if lite:
        # A transaction that reads before it writes would fail at once if another one writes.
        event.listen(engine, "connect", lambda connection, _: setattr(connection, "isolation_level", None))
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    return engine


def _sql(step: Step) -> str:
    text: str = step if isinstance(step, str) else step["sql"]
    return text


def _referred(step: Step) -> set[str]:
    return set(_NAME.findall(_sql(step)))


def _captured(step: Step) -> set[str]:
    return set() if isinstance(step, str) else set(step.get("capture", ()))


class Statements:
    """Performs statements in threads: every database has a blocking driver."""

    def __init__(self, engine: Engine, threads: ThreadPoolExecutor, secrets: Secrets) -> None:
        self._engine = engine
        self._threads = threads
        self._secrets = secrets

    async def perform(self, work: Sequence[tuple[Sequence[Step], Names]]) -> Names:
        """Perform the statements as one transaction; raises ProvisioningFailed."""
        if not any(steps for steps, _ in work):
            return {}
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._transaction, work)

    def notes(self) -> Sequence[str]:
        """Give no notes: no statement is repeated."""
        return ()

    def _transaction(self, work: Sequence[tuple[Sequence[Step], Names]]) -> Names:
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 -- as above

        step: Step = ""
        captured: Names = {}
        try:
            with self._engine.begin() as connection:
                for steps, names in work:
                    for step in steps:
                        captured |= self._execute(connection, step, names | captured)
        except SQLAlchemyError as error:
            raise self._failure(step, str(getattr(error, "orig", None) or error)) from None
        return captured

    def _execute(self, connection: Connection, step: Step, names: Names) -> Names:
        from sqlalchemy import text  # noqa: PLC0415 -- as above

        result = connection.execute(text(_sql(step)), self._values(step, names))
        wanted = {} if isinstance(step, str) else step.get("capture", {})
        if not wanted:
            return {}
        row = result.mappings().first() if result.returns_rows else None
        if row is None:
            raise self._failure(step, "it gave no row")
        lost = [column for column in wanted.values() if column not in row]
        if lost:
            raise self._failure(step, f"its row has no column {lost[0]}; it has {', '.join(map(str, row))}")
        return {name: _plain(row[column]) for name, column in wanted.items()}

    def _values(self, step: Step, names: Names) -> Names:
        lost = _referred(step) - names.keys()
        if lost:
            raise self._failure(step, f"there is no value for :{min(lost)}")
        return {name: names[name] for name in _referred(step)}

    def _failure(self, step: Step, why: str) -> ProvisioningFailed:
        # Redact before cutting: half a secret could not be found.
        shown = " ".join(self._secrets.redact(why).split())[:SHOWN]
        return ProvisioningFailed(f"{' '.join(_sql(step).split())[:60]!r}: {shown}" if step else shown)


def _plain(value: Any) -> Any:
    """Give a column's value as templates need it: a UUID as its text, for example."""
    return value if isinstance(value, str | int | float | bool | None) else str(value)
