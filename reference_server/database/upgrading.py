"""Upgrades the tables of an earlier version, by Alembic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from reference_server.config import ConfigError

if TYPE_CHECKING:
    from sqlalchemy import Connection

MIGRATIONS = Path(__file__).with_name("migrations")


def upgrade(connection: Connection, to: str = "head") -> None:
    """Run the revisions that the tables lack, within the caller's transaction."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    scripts = ScriptDirectory.from_config(config)

    def revisions(found: Any, _context: Any) -> Any:
        return scripts._upgrade_revs(to, found)

    try:
        with EnvironmentContext(config, scripts, fn=revisions, destination_rev=to) as environment:
            environment.configure(connection=connection)
            environment.run_migrations()
    except CommandError as error:
        raise ConfigError(
            f"The database is of a version that this server does not know: {error}. "
            "Start a newer version of the server, or give another --database."
        ) from None
