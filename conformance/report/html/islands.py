"""The data that the page's script builds lists from when somebody opens them: JSON that no text can end."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from conformance.report.html.scenarios import Marked, ScenarioView, Transcript

_ESCAPES = str.maketrans({"<": "\\u003c", ">": "\\u003e", "&": "\\u0026"})


@dataclass(frozen=True, slots=True)
class Group:
    """The scenarios of one file: one, or its cases; worst first."""

    base: str
    title: str
    status: str
    counts: tuple[tuple[str, int], ...]
    scenarios: tuple[ScenarioView, ...]


def island(value: Any) -> Markup:
    """Give a value as JSON for a `<script type="application/json">`: ASCII, and without `<`, `>` and `&`."""
    text = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return Markup(text.translate(_ESCAPES))  # noqa: S704 -- nothing in it can end the element


def cases_of(groups: Iterable[Group], shown_above: Collection[str]) -> list[dict[str, Any]]:
    """Give the scenarios of a feature, those of one file together; what is empty is left out.

    A scenario of `shown_above` has `above` and no details: its row leads to them.
    """
    return [
        {
            "base": group.base,
            "title": group.title,
            "status": group.status,
            "counts": list(group.counts) if len(group.scenarios) > 1 else [],
            "file": group.scenarios[0].place.rpartition(":")[0],
            "rules": list(group.scenarios[0].rules),
            "levels": list(group.scenarios[0].levels),
            "cases": [_case(one, group, one.key in shown_above) for one in group.scenarios],
        }
        for group in groups
    ]


def _case(one: ScenarioView, group: Group, above: bool) -> dict[str, Any]:
    found = {
        "case": one.case,
        "status": one.status,
        "above": above,
        "title": one.title if one.title != group.title else "",
    }
    if not above:
        found |= {
            "line": one.place.rpartition(":")[2],
            "time": one.milliseconds,
            "reason": one.reason if not one.problems else "",
            "attempts": list(one.attempts),
            "problems": [[each.place, each.step, list(each.said)] for each in one.problems],
            "more": one.more_problems,
            "wire": wire_of(one.transcript),
            "again": one.again if one.problems else "",
        }
    return {name: value for name, value in found.items() if value}


def wire_of(transcript: Transcript) -> dict[str, Any]:
    """Give a transcript, each line as a list of its parts; nothing if there is none."""
    found = {
        "before": list(map(_line, transcript.before)),
        "shown": list(map(_line, transcript.shown)),
        "after": list(map(_line, transcript.after)),
        "gone": transcript.gone,
        "note": transcript.note,
    }
    return {name: value for name, value in found.items() if value}


def frames_of(transcript: Transcript) -> list[str]:
    """Give the frames of all lines that are on the page, in order, as indented JSON; empty where there is none."""
    frames = [one.frame for part in (transcript.before, transcript.shown, transcript.after) for one in part]
    return frames if any(frames) else []


def _line(one: Marked) -> list[str]:
    line = one.line
    return [line.moment, line.who, line.way, line.kind, line.content, one.mark, one.wire, one.frame]
