"""The probes on the page: one question each, with the observation of each case."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.report.html.scenarios import LONGEST_ID, Room, Transcript, transcript
from conformance.report.text import fit, line

if TYPE_CHECKING:
    from conformance.results.model import Observation
    from conformance.results.runlog import Run


@dataclass(frozen=True, slots=True)
class Sighting:
    """The observation of one case; `case` is empty if the probe has no cases."""

    case: str
    observed: str
    transcript: Transcript


@dataclass(frozen=True, slots=True)
class ProbeView:
    """One question; `gist` is the shortened observation of all cases."""

    base: str
    title: str
    why: str
    gist: str
    sightings: tuple[Sighting, ...]


def probe_views(run: Run, room: Room) -> tuple[ProbeView, ...]:
    """Give the probes of a run in the order of their ids."""
    by_base: dict[str, list[Observation]] = {}
    for one in sorted(run.probes, key=lambda one: one.id):
        by_base.setdefault(one.id.partition("[")[0], []).append(one)
    return tuple(_probe(line(base, LONGEST_ID), cases, run, room) for base, cases in by_base.items())


def _probe(base: str, cases: list[Observation], run: Run, room: Room) -> ProbeView:
    sightings = tuple(
        Sighting(
            line(one.id.partition("[")[2].removesuffix("]")),
            line(one.observed, 400),
            transcript(one.transcript, one.names, run, room),
        )
        for one in cases
    )
    gist = fit(" · ".join(dict.fromkeys(one.observed for one in sightings)), 160)
    return ProbeView(base, line(cases[0].title, 400), line(cases[0].why, 400), gist, sightings)
