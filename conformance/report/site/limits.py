"""The limits, timers and options that a target may set, with the values of the reference server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.report.site.markdown import code, data, heading, table, text
from conformance.report.site.names import bases, to_scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.spec.model import Spec

MOST = 5
"""Scenarios that are named for one limit."""


def limit_pages(spec: Spec) -> Iterator[tuple[str, str]]:
    """Give the page."""
    parts = [
        "# Limits, timers and options\n",
        "A target file sets them; these are the values of the reference server.\n",
    ]
    for group, values in spec.protocol.profile.items():
        rows = []
        for name, value in values.items():
            full = f"{group}.{name}"
            using = bases(one for one in spec.scenarios.values() if full in one.limits or full in one.needs)
            named = [to_scenario(some[0]) for some in list(using.values())[:MOST]]
            more = f" and {len(using) - MOST} more" if len(using) > MOST else ""
            words = spec.protocol.choices.get(name, ())
            rows.append([code(full), data(value), ", ".join(map(code, words)), ", ".join(named) + more])
        parts += [heading(2, text(group.capitalize())), table(["name", "value", "choices", "scenarios"], rows)]
    yield "limits", "\n".join(parts)
