"""How the command line and waivers name scenarios: an id, the id without its case, or a glob."""

from __future__ import annotations

from fnmatch import fnmatchcase


def names(pattern: str, scenario: str) -> bool:
    """Tell whether a pattern names a scenario.

    Example:
        >>> names("edit.by-*", "edit.by-others[admin]"), names("edit.by-others", "edit.by-others[admin]")
        (True, True)

    """
    if pattern in (scenario, scenario.partition("[")[0]):
        return True
    # Brackets belong to ids here, so they open no set of characters. A list of ids may have hundreds of plain ones.
    return ("*" in pattern or "?" in pattern) and fnmatchcase(scenario, pattern.replace("[", "[[]"))
