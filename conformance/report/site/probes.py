"""The probes: the choices that the protocol leaves to a server, and why a difference matters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.report.site.conversations import conversation
from conformance.report.site.markdown import code, heading, text
from conformance.report.site.names import slug

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.scenario.model import Probe
    from conformance.spec.model import Spec


def probe_pages(spec: Spec) -> Iterator[tuple[str, str]]:
    """Give the page."""
    groups: dict[str, list[Probe]] = {}
    for probe in spec.probes.values():
        groups.setdefault(probe.scenario.base, []).append(probe)
    parts = [
        "# Probes\n",
        f"{len(groups)} choices that the protocol leaves to the server. A probe has no verdict: it observes what a "
        "server does, so that two servers can be compared.\n",
    ]
    for base, group in groups.items():
        parts += _probe(base, group)
    yield "probes", "\n".join(parts)


def _probe(base: str, group: list[Probe]) -> Iterator[str]:
    first = group[0]
    yield heading(2, text(first.scenario.title), f"probe-{slug(base)}")
    yield f"{code(base)}\n"
    yield f"**Why it matters:** {text(first.why)}\n"
    if len(group) > 1:
        cases = ", ".join(code(one.id.partition("[")[2].removesuffix("]")) for one in group)
        yield f"{len(group)} cases, of which the diagram shows the first: {cases}.\n"
    yield from conversation(first.scenario)
