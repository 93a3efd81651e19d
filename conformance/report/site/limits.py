"""The limits, timers and options that a target may set, with the values of the reference server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.report.site.markdown import code, data, heading, link, table, text
from conformance.report.site.names import bases, to_message, to_rule, to_scenario

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.spec.model import Spec
    from conformance.spec.protocol import Bound, Budget

PAGE = "limits"
MOST = 5
"""The most scenarios that are named for one limit."""


def limit_pages(spec: Spec) -> Iterator[tuple[str, str]]:
    """Give the page."""
    parts = [
        "# Limits, timers and options\n",
        "A target file sets these values for its server. This page shows the values of the reference server.\n",
    ]
    for group, values in spec.protocol.profile.items():
        rows = []
        for name, value in values.items():
            full = f"{group}.{name}"
            using = bases(one for one in spec.scenarios.values() if full in one.limits or full in one.needs)
            named = [to_scenario(some[0]) for some in list(using.values())[:MOST]]
            more = f" and {len(using) - MOST} more" if len(using) > MOST else ""
            words = spec.protocol.choices.get(name, ())
            bounded = ", ".join(dict.fromkeys(_bounded(spec, one) for one in spec.protocol.bounds if one.by == full))
            rows.append([code(full), data(value), bounded, ", ".join(map(code, words)), ", ".join(named) + more])
        columns = ["name", "value", "what it bounds", "choices", "scenarios"]
        parts += [heading(2, text(group.capitalize())), table(columns, rows)]
    yield PAGE, "\n".join(parts)


def limits_of(spec: Spec, name: str, direction: str) -> Iterator[str]:
    """Give the section of a message page with the limits of its type: what, how much, and who promises it."""
    bounds = [one for one in spec.protocol.bounds if _is_of(one, name, direction)]
    rows = [
        [
            "the frame" if one.field is None else code(one.field),
            f"{data(_value(spec, one.by))} {text(one.unit)}",
            code(one.by),
            to_rule(one.rule),
        ]
        for one in sorted(bounds, key=lambda bound: bound.field is None)
    ]
    budget = _budget(spec, name) if direction == "incoming" else None
    if budget is not None:
        much = f"{data(_value(spec, budget.limit))} in {data(_value(spec, budget.window))} s, of a user"
        names = f"{code(budget.limit)}, {code(budget.window)}"
        rows.append(["how often", much, names, to_rule(budget.rule)])
    if rows:
        yield heading(2, "Limits")
        every = link("a target file sets them", PAGE)
        yield f"These are the values of the reference server; {every}.\n"
        yield table(["of", "limit", "name", "rule"], rows)


def _is_of(bound: Bound, name: str, direction: str) -> bool:
    return bound.of == name or (bound.of is None and direction == "incoming")


def _budget(spec: Spec, name: str) -> Budget | None:
    """Give the rate limit that counts a request: one that names it, else that of every request but the barrier."""
    named = [one for one in spec.protocol.budgets if one.requests is not None and name in one.requests]
    is_barrier = name == spec.protocol.barrier_request[spec.protocol.discriminator]
    others = [] if is_barrier else [one for one in spec.protocol.budgets if one.requests is None]
    return next(iter([*named, *others]), None)


def _bounded(spec: Spec, bound: Bound) -> str:
    if bound.of is None:
        return "every request"
    direction = "incoming" if bound.of in spec.incoming else "outgoing"
    place = "" if bound.field is None else f" {code(bound.field)}"
    return to_message(spec, bound.of, direction) + place


def _value(spec: Spec, name: str) -> object:
    group, _, key = name.partition(".")
    return spec.protocol.profile[group][key]
