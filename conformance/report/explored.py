"""The result of an exploration as lines of text: its numbers, and both transcripts of each finding side by side."""

from __future__ import annotations

import shlex
from statistics import median
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from conformance.report.text import fit, line, plural
from conformance.results.explored import ALONE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.results.explored import Client, Exploration, Found

WIDE = 76
"""Columns of one side."""
MOST_FINDINGS = 30
"""The most findings that a report shows; the others are counted."""
MOST_CLIENTS = 6
MOST_LINES = 40
"""Clients of a finding and lines of a client that are shown."""
MOST_NAMED = 12
"""The most cells that are named; the others are counted."""

_LONGEST = 400


def ordered(exploration: Exploration) -> list[Found]:
    """Give the findings in order: unknown ones first, then those that are not flaky, then by rule."""
    return sorted(exploration.findings, key=lambda one: (bool(one.known), one.flaky, one.rule, one.id))


def shown(exploration: Exploration) -> list[Found]:
    """Give the findings that a report shows."""
    return ordered(exploration)[:MOST_FINDINGS]


def left_out(exploration: Exploration) -> int:
    """Count the findings that a report does not show."""
    return max(0, len(exploration.findings) - MOST_FINDINGS)


def facts(exploration: Exploration) -> Iterator[tuple[str, str]]:
    """Give the facts of the exploration as pairs of a name and a value."""
    yield "Servers", f"{line(exploration.target)} against {line(exploration.against)}"
    if exploration.started:
        yield "When", line(exploration.started)
    budget = [f"budget {exploration.budget:g} s"] if exploration.budget else []
    steps = [f"up to {plural(exploration.steps, 'step')} a conversation"] if exploration.steps else []
    yield "Drawn by", ", ".join([f"seed {exploration.seed}", *budget, *steps])
    yield (
        "Compared",
        (
            f"{plural(exploration.conversations, 'conversation')}, {plural(exploration.requests, 'request')}"
            f" in {exploration.seconds:.1f} s"
        ),
    )
    known = sum(bool(one.known) for one in exploration.findings)
    flaky = sum(one.flaky for one in exploration.findings)
    more = "".join(f", {count} {word}" for count, word in ((known, "known"), (flaky, "flaky")) if count)
    yield "Findings", f"{len(exploration.findings)}{more}"
    if any(one.seconds_to_shrink for one in exploration.findings):
        yield "Shortened", shortened(exploration.findings)
    if exploration.freed:
        yield "Different choices where the protocol allows them", named(exploration.freed)
    never = len(exploration.never_reached)
    drawn = plural(len(exploration.cells), "cell")
    rest = f", {never} never reached: {named(exploration.never_reached)}" if never else ""
    yield "Covered", f"{drawn} of request and role, or request and kind of value{rest}"
    if exploration.not_judged:
        yield "Not judged", plural(sum(exploration.not_judged.values()), "conversation")
    if exploration.left_out:
        yield "Left out", "; ".join(f"{line(one)} ({line(why, 200)})" for one, why in exploration.left_out.items())
    if not exploration.complete:
        yield "Note", line(exploration.stopped) or "the exploration was interrupted"


def shortened(findings: Iterable[Found]) -> str:
    """Say how much shorter the findings have become, and how long that took; at least one must have been shortened."""
    some = [one for one in findings if one.seconds_to_shrink]
    before, after, seconds = (
        median(getattr(one, name) for one in some) for name in ("steps_before", "steps", "seconds_to_shrink")
    )
    return f"{plural(len(some), 'finding')}: from {before:g} steps to {after:g} in {seconds:.1f} s (medians)"


def named(words: Iterable[str]) -> str:
    """Name some, and count the others."""
    some = [line(word) for word in words]
    more = f" and {len(some) - MOST_NAMED} more" if len(some) > MOST_NAMED else ""
    return f"{', '.join(some[:MOST_NAMED])}{more}"


def headline(one: Found) -> str:
    """Describe a finding in one line."""
    return f"explored.{line(one.id)}  {line(one.rule)}  {line(one.explanation, _LONGEST)}"


def state(one: Found) -> str:
    """Say whether a finding is flaky or known; empty if every replay shows it and no waiver covers it."""
    sure = f"FLAKY: {one.again} of {one.replays} replays show it" if one.flaky else ""
    return "; ".join(filter(None, (sure, f"known: {line(one.known)}" if one.known else "")))


def size(one: Found) -> str:
    """Say how many steps its conversation has, and how many conversations showed it."""
    times = plural(one.count, "conversation")
    return f"{plural(one.steps, 'step')} ({one.steps_before} when it was found), seen in {times}"


def again(one: Found, exploration: Exploration) -> str:
    """Give the command that runs a finding again; empty if it has no scenario."""
    if not one.file:
        return ""
    words = [*([exploration.place] if exploration.place is not None else []), one.file]
    return " ".join(["chat-parity run", *(shlex.quote(line(word, 300)) for word in words)])


def clients(one: Found) -> tuple[Client, ...]:
    """Give the clients that are shown; the client with the difference comes first."""
    return one.clients[:MOST_CLIENTS]


def finding_lines(one: Found, exploration: Exploration) -> list[str]:
    """Give a finding as lines: its description, both transcripts of each client up to the difference, the command."""
    found = ["  ".join(filter(None, (headline(one), state(one)))), f"  {size(one)}"]
    if one.clients and one.judge != ALONE:
        found.append(f"  {fit(line(exploration.target), WIDE):<{WIDE}} | {line(exploration.against)}")
    for client in clients(one):
        found.append(f"  {line(client.who) or '(both)'}:")
        for index, both in enumerate(client.lines[:MOST_LINES]):
            mark = "≠" if index == client.differs else " "
            if one.judge == ALONE:
                found.append(f"    {fit(line(both.tested or '', _LONGEST), 2 * WIDE)}")
            else:
                found.append(f"  {mark} {_cell(both.tested)} | {fit(line(both.other or '', _LONGEST), WIDE)}")
    ran = [f"  {line(one.scenario, _LONGEST)}"] if one.scenario else []
    command = again(one, exploration)
    return [*found, *ran, *([f"  Again:  {command}"] if command else [])]


def section_lines(exploration: Exploration) -> Iterator[str]:
    """Give the whole section of a report."""
    for name, value in facts(exploration):
        yield f"  {name}: {value}"
    for one in shown(exploration):
        yield ""
        yield from finding_lines(one, exploration)
    more = left_out(exploration)
    if more:
        yield ""
        yield f"… and {plural(more, 'more finding')}"


def _cell(text: str | None) -> str:
    seen = fit(line(text or "", _LONGEST), WIDE - 2)
    return seen if cell_len(seen) >= WIDE - 2 else set_cell_size(seen, WIDE - 2)
