"""How many files and connections this process may have open at the same time."""

from __future__ import annotations

import contextlib

from conformance.errors import MachineFailed

ENOUGH = 4096
"""More than a run with the most `--jobs` has open; some systems allow every process 256 only until it asks for more."""


def allow_more() -> None:
    """Ask the system to allow as many as this process and its children may need, as far as the user may have them."""
    with contextlib.suppress(ImportError, OSError, ValueError):  # Windows has no such limit.
        import resource  # noqa: PLC0415 -- as above

        now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = ENOUGH if most == resource.RLIM_INFINITY else min(ENOUGH, most)
        if now != resource.RLIM_INFINITY and now < wanted:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


def demand(least: int, what: str) -> None:
    """Raise MachineFailed if the system does not allow as many as `what` needs."""
    with contextlib.suppress(ImportError):
        import resource  # noqa: PLC0415 -- as above

        now, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if now != resource.RLIM_INFINITY and now < least:
            raise MachineFailed(f"{what} needs {least} open files, and the system allows {now}: raise `ulimit -n`")
