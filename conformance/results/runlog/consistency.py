"""Checks that the parts of a log agree: a contradiction could hide a failure."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.results.model import Result
    from conformance.results.runlog.records import Header, ScenarioEntry, SpecTables

LEVELS = ("must", "should")


def faults(header: Header) -> Iterator[str]:
    """Give a sentence for each mistake within a header."""
    spec = header.spec
    yield from _twice("feature", (one.id for one in spec.features))
    yield from _twice("rule", (one.id for one in spec.rules))
    yield from _twice("scenario", (one.id for one in spec.scenarios))
    yield from _dangling(spec)
    for name in set(header.selected) - {one.id for one in spec.scenarios}:
        yield f"the scenario {name!r} is selected and not in the spec"
    yield from _moments(header)


def fault_of(result: Result, entry: ScenarioEntry | None) -> str | None:
    """Say what is wrong with the result of the scenario `entry` of the header; None: nothing."""
    if entry is None:
        return f"the scenario {result.scenario!r} is not in the header"
    if (result.feature, result.rules) != (entry.feature, entry.rules):
        return f"the scenario {result.scenario!r} has another feature or other rules than in the header"
    return None if result.attempt >= 1 else f"there is no attempt {result.attempt}"


def _twice(what: str, ids: Iterable[str]) -> Iterator[str]:
    for name, count in Counter(ids).items():
        if count > 1:
            yield f"the header has the {what} {name!r} {count} times"


def _dangling(spec: SpecTables) -> Iterator[str]:
    features, rules = {one.id for one in spec.features}, {one.id for one in spec.rules}
    for rule in spec.rules:
        if rule.level not in LEVELS:
            yield f"the rule {rule.id!r} has the level {rule.level!r}; known are {', '.join(LEVELS)}"
        for name in set(rule.features) - features:
            yield f"the rule {rule.id!r} belongs to {name!r}, which is not a feature of the header"
    for scenario in spec.scenarios:
        if scenario.feature not in features:
            yield f"the scenario {scenario.id!r} belongs to {scenario.feature!r}, which is not a feature of the header"
        for name in set(scenario.rules) - rules:
            yield f"the scenario {scenario.id!r} proves {name!r}, which is not a rule of the header"


def _moments(header: Header) -> Iterator[str]:
    try:
        _ = header.moment
    except (ValueError, OverflowError):
        yield f"`started` is {header.started!r}, which is not an instant"
    if header.waivers:
        for text in {header.waivers.today, *(one.expires for one in header.waivers.entries)}:
            try:
                date.fromisoformat(text)
            except ValueError:
                yield f"the waivers have the day {text!r}, which is not a date"
