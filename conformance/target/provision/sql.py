"""The driver of servers whose database the harness may write: templated statements, through SQLAlchemy.

    - insert into users (id, name) values (:user_id, :name)
    - {sql: "insert into rooms (name) values (:name) returning id", capture: {conversation_id: id}}

Values are bound parameters, never parts of a statement. The steps for one thing are one transaction.
"""

from __future__ import annotations

import asyncio
import re
import threading
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from conformance.errors import ProvisioningFailed, UsageError
from conformance.target.provision.recipe import Language, Recipe, read_recipe
from conformance.target.provision.scripted import scripted

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence

    from sqlalchemy import Connection, Engine

    from conformance.files.documents import Document
    from conformance.target.accounts import ExpectedId, Provisioner
    from conformance.target.model import Target
    from conformance.target.provision.recipe import Step
    from conformance.target.provision.scripted import Names
    from conformance.target.secrets import Secrets

AT_ONCE = 4
"""Transactions at a time."""
DEADLINE = 30.0
"""Seconds for one transaction."""
LONGEST = 1 << 20
"""The most characters of a value that a row may give."""
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
        try:
            statements = Statements(engine, self.recipe, target.secrets, self.variable)
            async with scripted(self.recipe, statements, target) as provisioner:
                yield provisioner
        finally:
            engine.dispose()


def _engine(url: str, variable: str) -> Engine:
    from sqlalchemy import create_engine, event  # noqa: PLC0415 -- a target of another driver does without it
    from sqlalchemy.engine import make_url  # noqa: PLC0415 -- as above
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError  # noqa: PLC0415 -- as above

    if "@" in urlsplit(url).netloc.rpartition("@")[0]:  # One part of the password would be taken for the host.
        raise UsageError(f"{variable}: an @ in the password is written as %40")
    try:
        parsed = make_url(url)
        lite = parsed.get_backend_name() == "sqlite"
        limit = {"timeout": PATIENCE} if lite else {}
        chosen = parsed.set(drivername=_DRIVERS.get(parsed.drivername, parsed.drivername))
        engine = create_engine(chosen, pool_size=AT_ONCE, connect_args=limit)
    except NoSuchModuleError:
        raise UsageError(f"{variable}: SQLAlchemy knows no database {url.partition(':')[0]!r}") from None
    except (ArgumentError, ValueError):  # A port that is no number is a ValueError.
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
    """Performs statements in threads: every database has a blocking driver.

    A thread whose database does not answer is left alone, and does not keep the process from ending.
    """

    def __init__(self, engine: Engine, recipe: Recipe, secrets: Secrets, variable: str) -> None:
        self._engine = engine
        self._recipe = recipe
        self._secrets = secrets
        self._variable = variable
        self._free = asyncio.Semaphore(AT_ONCE)

    async def perform(self, work: Sequence[tuple[Sequence[Step], Names]], captured: Names | None = None) -> Names:
        """Perform the statements as one transaction; raises ProvisioningFailed."""
        captured = {} if captured is None else captured
        if not any(steps for steps, _ in work):
            return captured
        doing: list[Step] = [""]
        async with self._free:
            try:
                async with asyncio.timeout(DEADLINE):
                    captured |= await _in_a_thread(lambda: self._transaction(work, doing))
                    return captured
            except TimeoutError:
                raise self._failure(doing[-1], f"the database did not answer within {DEADLINE:g} s") from None

    def notes(self) -> Sequence[str]:
        """Give no notes: no statement is repeated."""
        return ()

    def _transaction(self, work: Sequence[tuple[Sequence[Step], Names]], doing: list[Step]) -> Names:
        """Perform the statements; `doing` gets each that begins."""
        from sqlalchemy.exc import SQLAlchemyError  # noqa: PLC0415 -- as above

        captured: Names = {}
        try:
            with self._engine.begin() as connection:
                for steps, names in work:
                    for step in steps:
                        doing.append(step)
                        captured |= self._execute(connection, step, names | captured)
        except SQLAlchemyError as error:
            raise self._failure(doing[-1], str(getattr(error, "orig", None) or error)) from None
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
        found = {name: _plain(row[column]) for name, column in wanted.items()}
        for name, column in wanted.items():
            if len(str(found[name])) > LONGEST:
                raise self._failure(step, f"its column {column} has more than {LONGEST} characters")
        return found

    def _values(self, step: Step, names: Names) -> Names:
        lost = _referred(step) - names.keys()
        if lost:
            raise self._failure(step, f"there is no value for :{min(lost)}")
        return {name: names[name] for name in _referred(step)}

    def _failure(self, step: Step, why: str) -> ProvisioningFailed:
        # Redact before cutting: half a secret could not be found.
        shown = " ".join(self._secrets.redact(why).split())[:SHOWN]
        if not step:
            return ProvisioningFailed(f"the database that {self._variable} names: {shown}")
        return ProvisioningFailed(f"{self._recipe.place_of(step)}{' '.join(_sql(step).split())[:60]!r}: {shown}")


def _plain(value: Any) -> Any:
    """Give a column's value as templates need it: a UUID as its text, for example."""
    return value if isinstance(value, str | int | float | bool | None) else str(value)


async def _in_a_thread(work: Callable[[], Names]) -> Names:
    """Give what the work gives, from a thread that the end of the process does not wait for."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Names] = loop.create_future()

    def tell(found: Names | None, error: BaseException | None) -> None:
        if done.done():  # Nobody waits any more.
            return
        if error is not None:
            done.set_exception(error)
        else:
            done.set_result(found or {})

    def run() -> None:
        found, wrong = None, None
        try:
            found = work()
        except BaseException as error:
            wrong = error
        with suppress(RuntimeError):  # The loop may have ended.
            loop.call_soon_threadsafe(tell, found, wrong)

    threading.Thread(target=run, name="sql", daemon=True).start()
    return await done
