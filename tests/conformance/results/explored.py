"""Explorations for tests, with one finding or several."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from conformance.results.explored import Client, Exploration, Found, SideLine

LINES = (
    SideLine('→ Edit  {text: "two"}', '→ Edit  {text: "two"}'),
    SideLine('← Edited  {text: "one"}', '← Edited  {text: "two"}'),
)


def found(name: str = "0a1b2c3d", **more: Any) -> Found:
    """Give a finding in which two servers differ."""
    plain = Found(
        id=name,
        rule="EDIT-2",
        request="Edit",
        difference="another Edited: text",
        judge="both",
        explanation="after Edit, ann: another Edited: text",
        replays=3,
        again=3,
        steps=2,
        steps_before=31,
        count=4,
        scenario="runs it again: it fails here, and passes there",
        file=f"reports/toy/explored-{name}.yaml",
        clients=(Client("ann", LINES, differs=1, earlier=3),),
    )
    return replace(plain, **more)


def exploration(*findings: Found, **more: Any) -> Exploration:
    """Give an exploration with these findings."""
    plain = Exploration(
        target="toy",
        against="reference",
        seed=7,
        conversations=40,
        requests=800,
        parted=2,
        seconds=60.0,
        complete=True,
        freed={"echo": 3},
        not_judged={},
        cells={"Edit role=owner": 12, "Edit text=blank": 3},
        never_reached=("Edit role=outsider",),
        started="2026-11-29T20:00:00Z",
        place="targets/toy.yaml",
        budget=60.0,
        steps=40,
        findings=findings,
    )
    return replace(plain, **more)
