"""All pages of the site, as Markdown by path: what `build` writes, and tests read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.report.site.commands import command_pages
from conformance.report.site.conversations import conversation_pages
from conformance.report.site.features import feature_pages
from conformance.report.site.guides import guide_pages
from conformance.report.site.limits import limit_pages
from conformance.report.site.markdown import bullets, link, text, toctree
from conformance.report.site.messages import message_pages
from conformance.report.site.permissions import permission_pages
from conformance.report.site.probes import probe_pages

if TYPE_CHECKING:
    from collections.abc import Mapping

    import click

    from conformance.spec.model import Spec


@dataclass(frozen=True, slots=True)
class Sources:
    """What the pages are made from.

    `common` are the shared definitions of the messages, `cases` the values of the cases that scenarios list, by
    scenario and case, `guides` the guides by file name, `command` what the reference describes. `web` is where the
    folder that holds spec/ and docs/ is on the web; empty: nobody knows.
    """

    spec: Spec
    common: Mapping[str, Any]
    cases: Mapping[str, Mapping[str, Any]]
    guides: Mapping[str, str]
    command: click.Command
    name: str
    web: str = ""


def pages(sources: Sources) -> dict[str, str]:
    """Give every page by its path, which has no suffix."""
    spec = sources.spec
    return {
        "index": _index(spec, sources.name),
        **dict(guide_pages(sources.guides, sources.web)),
        **dict(message_pages(spec, sources.common)),
        **dict(feature_pages(spec)),
        **dict(conversation_pages(spec, sources.cases, sources.web)),
        **dict(permission_pages(spec)),
        **dict(limit_pages(spec)),
        **dict(probe_pages(spec)),
        **dict(command_pages(sources.command, sources.name)),
    }


def _index(spec: Spec, name: str) -> str:
    messages = len(spec.incoming) + len(spec.outgoing)
    parts = [
        f"# The protocol, and {text(name)}\n",
        bullets(
            [
                f"{link('Guides', 'guides/index')}: what to type for a task",
                f"{link('Messages', 'messages/index')}: {messages} types, with their fields and examples",
                f"{link('Features', 'features/index')}: {len(spec.features)} features, with their rules and scenarios",
                f"{link('Permissions', 'permissions')}: who may do what",
                f"{link('Limits', 'limits')}: limits, timers and options of a target",
                f"{link('Tables of cases', 'tables/index')}: what scenarios are made from",
                f"{link('Probes', 'probes')}: what is observed where the protocol leaves a server free",
                f"{link('Commands', 'commands/index')}: every verb and option",
            ]
        ),
        f"Made from the spec with the digest {text(spec.digest)}.\n",
        toctree(
            *("guides/index", "messages/index", "features/index", "permissions", "limits", "tables/index", "probes"),
            "commands/index",
        ),
    ]
    return "\n".join(parts)
