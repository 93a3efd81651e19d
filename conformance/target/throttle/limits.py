"""The limits of a run: the section `throttle` of a target file."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

UNLIMITED_WORD = "unlimited"


@dataclass(frozen=True, slots=True)
class Limits:
    """Upper bounds; None means no bound.

    Every request frame counts, also that of the barrier. `run_requests` is for the whole run, and counts connections
    too. Calls of a provisioning API count only for `requests_per_second`: cleaning up must always be possible.
    """

    requests_per_second: float | None = None
    account_requests_per_second: float | None = None
    run_requests: int | None = None
    connections_per_second: float | None = None
    open_connections: int | None = None


UNLIMITED = Limits()
"""The default for a server on this machine."""

CAREFUL = Limits(
    requests_per_second=50,
    account_requests_per_second=25,
    run_requests=100_000,
    connections_per_second=10,
    open_connections=60,
)
"""The default for any other server: a complete run (65,000 requests, 9,000 of them connections) takes 22 minutes."""


def read_limits(given: Mapping[str, float | int | str], *, local: bool) -> Limits:
    """Give the limits of a target; `given` is the section of the file, in which `unlimited` means no bound."""
    values = {name: None if value == UNLIMITED_WORD else value for name, value in given.items()}
    return replace(UNLIMITED if local else CAREFUL, **values)  # type: ignore[arg-type] # the schema has checked them
