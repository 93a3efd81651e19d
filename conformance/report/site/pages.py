"""All pages of the site, as Markdown by path."""

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
    """The sources of the pages.

    `common` has the shared definitions of the messages. `cases` has the values of the cases of scenarios: scenario →
    case → values. `guides` are the guides by file name. `command` is the command of the reference. `web` is the web
    address of the folder that has spec/ and docs/; empty if it is not known.
    """

    spec: Spec
    common: Mapping[str, Any]
    cases: Mapping[str, Mapping[str, Any]]
    guides: Mapping[str, str]
    command: click.Command
    name: str
    web: str = ""


def pages(sources: Sources) -> dict[str, str]:
    """Give every page by its path without a suffix."""
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
                f"{link('Guides', 'guides/index')}: the commands for each task",
                f"{link('Messages', 'messages/index')}: {messages} types, with their fields and examples",
                f"{link('Features', 'features/index')}: {len(spec.features)} features, with their rules and scenarios",
                f"{link('Permissions', 'permissions')}: who may do what",
                f"{link('Limits', 'limits')}: limits, timers and options of a target",
                f"{link('Tables of cases', 'tables/index')}: the tables from which scenarios are made",
                f"{link('Probes', 'probes')}: choices that the protocol leaves to a server, and how they are observed",
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
