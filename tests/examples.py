"""How often a property is tried that says so itself: as often every night, less often at each change."""

from __future__ import annotations

from hypothesis import settings


def examples(nightly: int) -> int:
    """Give the number of examples for the profile that is loaded: all of them, or a quarter."""
    every = settings.get_profile("nightly").max_examples
    return nightly if settings().max_examples >= every else -(-nightly // 4)
