"""A finding of `explore` as text: both transcripts side by side, client by client, up to the first differing line."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size

from conformance.compare.align import align_results
from conformance.report.text import fit, line
from conformance.results.exchange import OWN
from conformance.results.model import Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from conformance.engine.explore.findings import Finding
    from conformance.engine.explore.played import Played

_INSTANCE = re.compile(r" to instance \d+$")
"""What a transcript says where a server has several instances."""
WIDE = 76
"""Columns of one side."""
MOST = 40
"""Lines of one client that are shown."""


def finding_text(
    finding: Finding, tested: str, other: str, discriminator: str, ambient: Collection[str] = ()
) -> list[str]:
    """Give the lines of a finding, without frames of the types `ambient`; `tested` and `other` name the servers."""
    shown = replace(
        finding.shown,
        tested=_without(finding.shown.tested, discriminator, ambient),
        other=_without(finding.shown.other, discriminator, ambient),
    )
    finding = replace(finding, shown=shown)
    sure = "" if not finding.flaky else f"  FLAKY: {finding.again} of {finding.replays} replays show it"
    known = f"  known: {line(finding.known)}" if finding.known else ""
    found = [
        f"explored.{finding.id}  {shown.cause.rule}  {line(shown.explanation)}{sure}{known}",
        f"  {len(shown.conversation.steps)} steps ({finding.steps_before} when it was found),"
        f" seen in {finding.count} conversation{'s' if finding.count != 1 else ''}",
    ]
    if shown.difference is None:
        return [*found, *(f"  {text}" for text in _own_lines(shown.tested, discriminator))]
    return [*found, *(f"  {text}" for text in _side_by_side(finding, tested, other, discriminator))]


def _side_by_side(finding: Finding, tested: str, other: str, discriminator: str) -> Iterator[str]:
    shown = finding.shown
    alignment = align_results(_result(shown.tested), _result(shown.other), discriminator)
    client = shown.difference.client if shown.difference is not None else ""
    yield f"{fit(line(tested), WIDE):<{WIDE}} | {line(other)}"
    for one in sorted(alignment.clients, key=lambda one: one.who != client):
        differs = next((index for index, pair in enumerate(one.lines) if not pair.same), None)
        if one.who != client and differs is None:
            continue
        yield f"{one.who or '(both)'}:"
        last = len(one.lines) if differs is None else differs + 1
        first = max(0, last - MOST)
        for index, pair in enumerate(one.lines[first:last], first):
            mark = "≠" if index == differs else " "
            yield f"{mark} {_cell(pair.old)} | {fit(pair.new or '', WIDE)}"
        if one.who == client:
            return


def _cell(text: str | None) -> str:
    shown = fit(text or "", WIDE - 2)
    return shown if cell_len(shown) >= WIDE - 2 else set_cell_size(shown, WIDE - 2)


def _own_lines(played: Played, discriminator: str) -> Iterator[str]:
    for one in align_results(_result(played), _result(played), discriminator).clients:
        yield f"{one.who or '(both)'}:"
        yield from (f"  {fit(pair.old or '', 2 * WIDE)}" for pair in one.lines[-MOST:])


def _without(played: Played, discriminator: str, ambient: Collection[str]) -> Played:
    entries = [one for one in played.transcript if not (one.frame and one.frame.get(discriminator) in ambient)]
    return replace(played, transcript=tuple(entries))


def _result(played: Played) -> Result:
    own = [entry for entry in played.transcript if not entry.text.endswith(OWN)]
    entries = tuple(replace(one, text=_INSTANCE.sub("", one.text)) for one in own)
    return Result("explored", "", (), Outcome.FAIL, 0.0, transcript=entries, names=played.names)
