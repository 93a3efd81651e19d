"""Statements on the server's own database: SQLite and a real PostgreSQL, in front of the reference server."""

from __future__ import annotations

import re
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine, text

from conformance.errors import BadFile, ProvisioningFailed, UsageError
from conformance.results.model import Outcome
from conformance.target import check_target, read_target
from conformance.target.accounts import Room, Wanted
from conformance.target.provision import open_provisioner
from tests.conformance.target.provision.recipes import POSTGRESQL, SQLITE, target_file
from tests.conformance.target.provision.running import run_some
from tests.doubles.reference import reference_server

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.spec import Spec

pytestmark = pytest.mark.end_to_end

SOME = (
    "edit-message.members-see-it",
    "permissions.refused[send-message.reader]",
    "fetch-history.default-page",
)
TOYS = """
provision:
  driver: sql
  url_env: PARITY_DATABASE
  ids: integer
  account:
    - {{sql: "insert into people (name) values (:name) returning id", capture: {{user_id: id}}}}
  conversation:
    - sql: insert into rooms (name, open) values (:name, :visibility) returning id
      capture: {{conversation_id: id}}
  member:
    - insert into seats (room, person, role) values (:conversation_id, :user_id, :role)
  remove:
    - delete from seats where room = :conversation_id and person = :user_id
  roles: {{member: user, owner: admin}}
  visibilities: {{private: false, public: true}}
{more}
"""
TABLES = (
    "create table people (id integer primary key, name text unique)",
    "create table rooms (id integer primary key, name text, open boolean)",
    "create table seats (room integer references rooms (id), person integer references people (id), role text)",
)


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signing_secret: str) -> str:
    """A database of another make: integer ids that it gives itself, other words for roles."""
    database = f"sqlite:///{tmp_path / 'toys.db'}"
    monkeypatch.setenv("PARITY_DATABASE", database)
    engine = create_engine(database)
    with engine.begin() as connection:
        for table in TABLES:
            connection.execute(text(table))
    engine.dispose()
    return database


def rows(database: str, query: str) -> list[tuple[object, ...]]:
    engine = create_engine(database)
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(text(query))]
    engine.dispose()
    return found


def toy_target(folder: Path, more: str = "") -> Path:
    return target_file(folder, ["ws://127.0.0.1:1/ws"], TOYS.format(more=more))


async def test_sqlite_passes_what_needs_no_change_of_a_role(
    whole_spec: Spec, tmp_path: Path, signing_secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = f"sqlite:///{tmp_path / 'chat.db'}"
    monkeypatch.setenv("PARITY_DATABASE", database)
    async with reference_server(database, signing_secret) as urls:
        await check_some(target_file(tmp_path, urls, SQLITE), whole_spec, database)


async def test_postgresql_passes_the_same(
    whole_spec: Spec, tmp_path: Path, signing_secret: str, monkeypatch: pytest.MonkeyPatch, empty_postgresql: str
) -> None:
    monkeypatch.setenv("PARITY_DATABASE", empty_postgresql)
    async with reference_server(empty_postgresql, signing_secret) as urls:
        url = empty_postgresql.replace("postgresql:", "postgresql+psycopg:")
        await check_some(target_file(tmp_path, urls, POSTGRESQL), whole_spec, url)


async def check_some(file: Path, spec: Spec, database: str) -> None:
    changing = "permissions.banned-member-sees-no-further-event[message]"
    ran = await run_some(file, spec, *SOME, changing)
    why = "the target file does not say how to change a role (`provision: {role: …}`)"
    assert (ran.outcomes.pop(changing), ran.reason(changing)) == (Outcome.UNTESTABLE, why)
    others = {name: outcome for name, outcome in ran.outcomes.items() if name != changing}
    assert len(others) == 3
    assert set(others.values()) == {Outcome.PASS}
    assert ran.notes == ()
    assert rows(database, "select count(*) from conversation") == [(0,)]


async def test_takes_the_ids_that_the_database_gives_and_its_words(toys: str, spec: Spec, tmp_path: Path) -> None:
    async with open_provisioner(read_target(toy_target(tmp_path), spec), "member") as provisioner:
        wanted = Wanted(("alice", "bob"), {"lobby": Room("public", {"alice": "owner", "bob": "member"})})
        lease = await provisioner.lease(wanted)
        assert {account.value for account in lease.accounts.values()} == {1, 2}
        assert lease.conversations == {"lobby": "1"}
        await lease.remove("lobby", "bob")
    connection_count = rows(toys, "select role, people.name from seats join people on people.id = person")
    assert [(role, str(name).split("-")[0::3]) for role, name in connection_count] == [("admin", ["parity", "alice"])]
    assert rows(toys, "select open from rooms") == [(1,)]


async def test_lacks_a_role_that_is_not_mapped(toys: str, spec: Spec, tmp_path: Path) -> None:
    async with open_provisioner(read_target(toy_target(tmp_path), spec), "member") as provisioner:
        with pytest.raises(ProvisioningFailed, match=r"has no role reader \(`provision` maps member, owner\)"):
            await provisioner.lease(Wanted(("alice",), {"lobby": Room("private", {"alice": "reader"})}))


async def test_removes_what_it_made_and_says_what_it_could_not(toys: str, spec: Spec, tmp_path: Path) -> None:
    cleaning = """
  clean_up:
    conversation: [delete from seats where room = :conversation_id, delete from rooms where id = :conversation_id]
    account: [delete from folk where id = :user_id]
"""
    async with open_provisioner(read_target(toy_target(tmp_path, cleaning), spec), "member") as provisioner:
        await provisioner.lease(Wanted(("alice", "bob"), {"lobby": Room("private", {"alice": "member"})}))
    assert (rows(toys, "select * from rooms"), len(rows(toys, "select * from people"))) == ([], 2)
    left, named = provisioner.notes()
    last = len(toy_target(tmp_path, cleaning).read_text(encoding="utf-8").splitlines()) - 1
    said = f"target.yaml:{last}: 'delete from folk where id = :user_id': no such table: folk"
    assert left == f"could not remove 2 of 2 accounts: {tmp_path}/{said}"
    nonce = str(rows(toys, "select name from people")[0][0]).split("-")[1]
    assert named == f"what is left has names that begin with parity-{nonce}"


async def test_says_what_is_left_where_nothing_is_removed(toys: str, spec: Spec, tmp_path: Path) -> None:
    async with open_provisioner(read_target(toy_target(tmp_path), spec), "member") as provisioner:
        await provisioner.lease(Wanted(("alice", "bob")))
    assert provisioner.notes()[0] == "left on the target: 2 accounts; there is no `clean_up: {account: …}`"


async def test_a_value_is_bound_and_never_pasted(toys: str, spec: Spec, tmp_path: Path) -> None:
    async with open_provisioner(read_target(toy_target(tmp_path), spec), "member") as provisioner:
        await provisioner.lease(Wanted(("x'); drop table rooms; --",)))
    assert str(rows(toys, "select name from people")[0][0]).endswith("x'); drop table rooms; --")
    assert rows(toys, "select * from rooms") == []


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("account: [\"insert into people values ('${name}')\"]", "write :name, not ${name}"),
        ("account: [insert into people values (:nam)]", "there is no :nam here; did you mean :name?"),
        ("member: [insert into seats values (:room)]", "there is no :room here"),
        ("acount: [select 1]", "there is no key 'acount' here; did you mean 'account'?"),
        ("account: [{sql: select 1, captures: {user_id: id}}]", "did you mean 'capture'?"),
        ("clean_up: {conversation: [delete from rooms where id = :user_id]}", "there is no :user_id here"),
    ],
)
def test_a_mistake_in_a_statement_is_named_with_its_line(
    spec: Spec, tmp_path: Path, section: str, message: str
) -> None:
    file = target_file(tmp_path, ["ws://x/ws"], f"provision:\n  driver: sql\n  url_env: PARITY_DATABASE\n  {section}\n")
    with pytest.raises(BadFile) as caught:
        check_target(file, spec)
    (mistake,) = caught.value.mistakes
    assert message in mistake.message
    assert mistake.line == 9


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("no-url-at-all", "PARITY_DATABASE holds no URL of a database"),
        ("oracular://x/y", "PARITY_DATABASE: SQLAlchemy knows no database 'oracular'"),
        ("mysql+pymysql://x/y", "this database needs pymysql: pip install pymysql"),
        ("postgresql://u:word@host:port/name", "PARITY_DATABASE holds no URL of a database"),
        ("postgresql://u:first@second@host/name", "PARITY_DATABASE: an @ in the password is written as %40$"),
    ],
)
async def test_a_database_that_cannot_be_opened_is_one_line(
    toys: str, spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, message: str
) -> None:
    monkeypatch.setenv("PARITY_DATABASE", url)
    with pytest.raises(UsageError, match=message):
        async with open_provisioner(read_target(toy_target(tmp_path), spec), "member"):
            pass


async def test_a_missing_driver_is_named_with_what_brings_it(
    toys: str, spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARITY_DATABASE", "postgresql://user:password@host/name")
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UsageError, match=r"needs psycopg: pip install 'chat-parity\[sql\]'"):
        async with open_provisioner(read_target(toy_target(tmp_path), spec), "member"):
            pass


ENDLESS = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 2e6) select count(*) as i from n"


async def test_a_database_that_does_not_answer_is_left_alone(
    toys: str, spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("conformance.target.provision.sql.DEADLINE", 0.1)
    file = target_file(
        tmp_path, ["ws://x/ws"], f"provision:\n  driver: sql\n  url_env: PARITY_DATABASE\n  account: [{ENDLESS!r}]\n"
    )
    async with open_provisioner(read_target(file, spec), "member") as provisioner:
        with pytest.raises(ProvisioningFailed, match=r":9: 'with recursive .*did not answer within 0\.1 s"):
            await provisioner.lease(Wanted(("alice",)))
    assert not [one for one in threading.enumerate() if one.name == "sql" and not one.daemon]


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("select hex(zeroblob(1048576)) as id", "its column id has more than 1048576 characters"),
        ("select id from people where 0", "it gave no row"),
        ("select 1 as other", "its row has no column id; it has other"),
    ],
)
async def test_a_row_that_is_no_use_is_named_with_its_line(
    toys: str, spec: Spec, tmp_path: Path, statement: str, said: str
) -> None:
    step = f"{{sql: {statement}, capture: {{user_id: id}}}}"
    file = target_file(
        tmp_path, ["ws://x/ws"], f"provision:\n  driver: sql\n  url_env: PARITY_DATABASE\n  account: [{step}]\n"
    )
    async with open_provisioner(read_target(file, spec), "member") as provisioner:
        with pytest.raises(ProvisioningFailed, match=f":9: '{re.escape(statement)}': {said}"):
            await provisioner.lease(Wanted(("alice",)))
