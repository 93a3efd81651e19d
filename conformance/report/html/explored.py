"""The values that the page shows about an exploration: its numbers, and each finding with both transcripts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.report.explored import MOST_LINES, again, clients, facts, left_out, shown, size, state
from conformance.report.html.scenarios import LONGEST_ID
from conformance.report.text import line
from conformance.results.explored import ALONE

if TYPE_CHECKING:
    from conformance.results.explored import Client, Exploration, Found

_LONGEST = 400


@dataclass(frozen=True, slots=True)
class SidesView:
    """One client on both servers: its lines, each with both sides and whether it is the first that differs."""

    who: str
    earlier: int
    lines: tuple[tuple[str, str, bool], ...]


@dataclass(frozen=True, slots=True)
class FoundView:
    """One finding; `alone`: it has only one side."""

    key: str
    rule: str
    said: str
    state: str
    size: str
    scenario: str
    again: str
    alone: bool
    clients: tuple[SidesView, ...]


@dataclass(frozen=True, slots=True)
class ExploredView:
    """An exploration; `tested` and `other` name the two servers."""

    tested: str
    other: str
    facts: tuple[tuple[str, str], ...]
    findings: tuple[FoundView, ...]
    left_out: int


def explored_view(exploration: Exploration) -> ExploredView:
    """Give the values of an exploration; each text has one visible line."""
    return ExploredView(
        tested=line(exploration.target),
        other=line(exploration.against),
        facts=tuple(facts(exploration)),
        findings=tuple(_found(one, exploration) for one in shown(exploration)),
        left_out=left_out(exploration),
    )


def _found(one: Found, exploration: Exploration) -> FoundView:
    return FoundView(
        key=line(f"explored.{one.id}", LONGEST_ID),
        rule=line(one.rule),
        said=line(one.explanation, _LONGEST),
        state=state(one),
        size=size(one),
        scenario=line(one.scenario, _LONGEST),
        again=again(one, exploration),
        alone=one.judge == ALONE,
        clients=tuple(map(_client, clients(one))),
    )


def _client(one: Client) -> SidesView:
    lines = tuple(
        (line(both.tested or "", _LONGEST), line(both.other or "", _LONGEST), index == one.differs)
        for index, both in enumerate(one.lines[:MOST_LINES])
    )
    return SidesView(line(one.who) or "(both)", one.earlier, lines)
