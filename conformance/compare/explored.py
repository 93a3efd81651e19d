"""Puts both transcripts of a finding of `explore` side by side, client by client, up to the first differing line."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.compare.align import align_results
from conformance.results.exchange import OWN
from conformance.results.explored import Client, Found, SideLine
from conformance.results.model import Outcome, Result

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from conformance.compare.align import AlignedClient
    from conformance.engine.explore.conversation_run import ConversationRun
    from conformance.engine.explore.findings import Finding

_INSTANCE = re.compile(r" to instance \d+$")
"""The words of a transcript if a server has several instances."""
MOST = 40
"""The most lines of one client that are kept."""


def found_of(
    finding: Finding, discriminator: str, ambient: Collection[str] = (), *, scenario: str = "", file: str = ""
) -> Found:
    """Give a finding as it is written, without frames of the types `ambient`.

    `scenario` says what its scenario does, and `file` names that.
    """
    shown, cause = finding.shown, finding.shown.cause
    tested, other = (_result(one, discriminator, ambient) for one in (shown.tested, shown.other))
    if shown.difference is None:
        alone = align_results(tested, tested, discriminator).clients
        clients = tuple(_alone(one) for one in alone)
    else:
        aligned = align_results(tested, other, discriminator).clients
        clients = tuple(_both(aligned, shown.difference.client))
    difference = shown.difference
    return Found(
        id=finding.id,
        rule=cause.rule,
        request=cause.request,
        difference=cause.kind,
        judge=cause.judge,
        explanation=shown.explanation,
        replays=finding.replays,
        again=finding.again,
        steps=len(shown.conversation.steps),
        steps_before=finding.steps_before,
        seconds_to_shrink=round(finding.seconds, 3),
        count=finding.count,
        known=finding.known,
        tested=difference.tested if difference is not None else None,
        other=difference.other if difference is not None else None,
        scenario=scenario,
        file=file,
        clients=clients,
    )


def _both(clients: tuple[AlignedClient, ...], first: str) -> Iterator[Client]:
    """Give the client with the difference, and before it only clients that differ, too."""
    for one in sorted(clients, key=lambda one: one.who != first):
        differs = next((index for index, pair in enumerate(one.lines) if not pair.same), None)
        if one.who != first and differs is None:
            continue
        last = len(one.lines) if differs is None else differs + 1
        begin = max(0, last - MOST)
        lines = tuple(SideLine(pair.old, pair.new) for pair in one.lines[begin:last])
        yield Client(one.who, lines, None if differs is None else differs - begin, begin)
        if one.who == first:
            return


def _alone(one: AlignedClient) -> Client:
    begin = max(0, len(one.lines) - MOST)
    return Client(one.who, tuple(SideLine(pair.old, None) for pair in one.lines[begin:]), None, begin)


def _result(ran: ConversationRun, discriminator: str, ambient: Collection[str]) -> Result:
    own = [entry for entry in ran.transcript if not entry.text.endswith(OWN)]
    heard = [one for one in own if not (one.frame and one.frame.get(discriminator) in ambient)]
    entries = tuple(replace(one, text=_INSTANCE.sub("", one.text)) for one in heard)
    return Result("explored", "", (), Outcome.FAIL, 0.0, transcript=entries, names=ran.names)
