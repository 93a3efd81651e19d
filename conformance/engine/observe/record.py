"""Turns observations into the records of a run log: one result for each invariant and rule that could be judged."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.results.causes import cause
from conformance.results.model import Outcome, Problem, Result
from conformance.results.runlog import ScenarioEntry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.engine.observe.observer import Observer, Seen
    from conformance.spec import Spec
    from conformance.spec.invariants import Invariant

MOST_PROBLEMS = 10
"""The most different violations that are reported for one invariant and rule."""

FILE = "invariants.yaml"


def records(observer: Observer) -> list[tuple[ScenarioEntry, Result]]:
    """Give the log record of each invariant and rule that could be judged."""
    spec = observer.spec
    times = dict(observer.seen)
    for one in observer.wrong.values():
        if one.violation.rule is not None:
            times.setdefault((one.violation.rule, one.violation.invariant), one.count)
    found = []
    for invariant in spec.invariants:
        for (rule, name), count in sorted(times.items()):
            if name == invariant.id and rule in spec.rules:
                found += [_record(invariant, rule, feature, count, observer) for feature in _features(rule, observer)]
    return found


def notes(observer: Observer) -> Iterator[str]:
    """Give notes for the reader: the mistakes of clients, and what could not be judged."""
    sent, received = observer.frames["sent"], observer.frames["received"]
    connections = _plural(observer.connections, "connection")
    yield f"observed {connections}, with {_plural(sent, 'frame')} of clients and {received} of the server"
    for one in observer.wrong.values():
        if one.violation.by == "client":
            yield f"{one.violation.explanation} ({_times(one.count)}): a mistake of the client, not of the server"
    for reason, count in observer.blind.items():
        yield f"not judged to the end: {_plural(count, 'connection')}, because {reason}"


def _record(
    invariant: Invariant, rule: str, feature: str, count: int, observer: Observer
) -> tuple[ScenarioEntry, Result]:
    spec = observer.spec
    name = f"observed.{invariant.id}.{rule.lower()}"
    if len(spec.rules[rule].features) > 1:
        name += f".{feature.replace('_', '-')}"
    place = spec.place(spec.folder / FILE)
    entry = ScenarioEntry(
        name, f"{invariant.sentence} Judged {_times(count)}.", feature, (rule,), place, invariant.line
    )
    wrong = [
        one
        for one in observer.wrong.values()
        if (one.violation.rule, one.violation.invariant) == (rule, invariant.id)
        and feature in _features(rule, observer, one.type)
    ]
    problems = tuple(_problem(one, place, invariant, at=not index) for index, one in enumerate(wrong[:MOST_PROBLEMS]))
    seconds = round(max(0.0, observer.last - observer.began), 3)
    transcript = wrong[0].entries if wrong else ()
    outcome = Outcome.FAIL if wrong else Outcome.PASS
    return entry, Result(name, feature, (rule,), outcome, seconds, problems, transcript=transcript)


def _problem(one: Seen, place: str, invariant: Invariant, *, at: bool) -> Problem:
    said = f"{', '.join([*one.clients][:3])}: {one.violation.explanation}"
    if one.count > 1:
        said += f" ({_times(one.count)})"
    same = cause(one.violation.explanation)
    problem = Problem(said, place, invariant.line, rule=one.violation.rule, cause=same, count=one.count)
    return replace(problem, entry=len(one.entries) - 1 if at and one.entries else None)


def _features(rule: str, observer: Observer, kind: str | None = None) -> tuple[str, ...]:
    """Give the features of a rule; of several, those whose messages were seen, or that of one message type."""
    spec = observer.spec
    features = spec.rules[rule].features
    if len(features) == 1:
        return features
    kinds = {kind} if kind is not None else {name for _, name in observer.types}
    told = tuple(one for one in features if kinds & _types(one, spec))
    return told or features


def _types(feature: str, spec: Spec) -> frozenset[str]:
    return frozenset((*spec.features[feature].incoming, *spec.features[feature].outgoing))


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
