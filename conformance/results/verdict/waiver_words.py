"""What to say of a waiver that somebody has to look at: `w.yaml:12: STALE: …, and what to do`."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from conformance.results.verdict.model import State

if TYPE_CHECKING:
    from collections.abc import Collection

    from conformance.results.verdict.model import JudgedWaiver

_MOST_NAMED = 3


def complaint(judged: JudgedWaiver, file: str, scenarios: Collection[str]) -> str:
    """Say what is wrong with a red waiver; `scenarios` are the ids that the spec has."""
    entry = judged.entry
    where = f"{file}:{entry.line}" if entry.line else file
    return f"{where}: {judged.state}: {_why(judged, scenarios)}"


def _why(judged: JudgedWaiver, scenarios: Collection[str]) -> str:
    entry = judged.entry
    about = f"{entry.rule} in {entry.scenario}" if entry.rule else entry.scenario
    match judged.state:
        case State.STALE if judged.covered:
            return f"not all of {about} fails any more; name only what does (passes: {_named(judged.passing)})"
        case State.STALE:
            passing = f" (passes: {_named(judged.passing)})" if judged.passing else ""
            return f"{about} does not fail any more; remove the entry{passing}"
        case State.EXPIRED:
            return f"the waiver of {about} ended on {entry.expires}; repair it, or ask {entry.owner} ({entry.issue})"
        case State.UNMATCHED:
            near = difflib.get_close_matches(entry.scenario, scenarios, n=1)
            return f"nothing in the spec is called {about}" + (f"; did you mean {near[0]}?" if near else "")
    return f"{about}: nothing to do"


def _named(scenarios: tuple[str, ...]) -> str:
    more = len(scenarios) - _MOST_NAMED
    return ", ".join(scenarios[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
