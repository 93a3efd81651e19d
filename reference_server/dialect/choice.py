"""`--names FILE`: opens the dialect of this process, and checks that the other options work with it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from reference_server.config import ConfigError
from reference_server.dialect.numbers import Numbers
from reference_server.dialect.tables import Tables, read

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping
    from uuid import UUID

    from reference_server.database import Database

logger = logging.getLogger(__name__)
#: The most users whose numbers are logged.
MOST_NAMED = 20


@dataclass(frozen=True, slots=True)
class Dialect:
    """A dialect and the numbers of its ids."""

    tables: Tables
    numbers: Numbers

    async def begin(self, database: Database, users: Mapping[str, UUID]) -> None:
        """Count the ids in the database, and announce the dialect and the numbers of the users who have names."""
        await database.write(self.numbers.begin)
        logger.warning("This server speaks the dialect of %s on request.", self.tables.source)
        if users and "user" in self.numbers.kinds:
            named = (
                f"{name} is {self.numbers.to_number('user', str(user))}"
                for name, user in islice(users.items(), MOST_NAMED)
            )
            logger.warning("The ids of users are numbers: %s.", ", ".join(named))


def open_dialect(options: Namespace, users: Mapping[str, UUID]) -> Dialect | None:
    """Read the dialect that the options name; raises ConfigError for an option that does not work with it."""
    if options.names is None:
        return None
    tables = read(options.names)
    if options.redis and tables.integers:
        raise ConfigError("The ids of this dialect are numbers, which one process counts: leave out --redis.")
    return Dialect(tables, Numbers(tables.integers.values(), users.values()))
