"""What a built site is made of: a few of the pages, and where the links of a page lead."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_LABEL = re.compile(r"^\(([a-z0-9-]+)\)=$", re.MULTILINE)
_LINK = re.compile(r"\[((?:\\.|[^\]\\\n])*)\]\((?:/([^)#\n]+)\.md)?(?:#([a-z0-9-]+))?\)")
_TREE = re.compile(r"(```\{toctree\}\n(?::[^\n]*\n)*\n)(.*?)\n```", re.DOTALL)


def few(pages: Mapping[str, str], wanted: tuple[str, ...]) -> dict[str, str]:
    """Keep some pages; links to the others become words. Sphinx needs a fifth of a second for each page."""
    kept = {path: page for path, page in pages.items() if path in wanted}
    labels = {label for page in kept.values() for label in _LABEL.findall(page)}

    def link(found: re.Match[str]) -> str:
        _, page, label = found.groups()
        return found[0] if (not page or page in kept) and (not label or label in labels) else found[1]

    def tree(found: re.Match[str], folder: str) -> str:
        entries = [one for one in found[2].split("\n") if (one[1:] if one[0] == "/" else f"{folder}{one}") in kept]
        return f"{found[1]}{chr(10).join(entries)}\n```"

    cut = {}
    for path, page in kept.items():
        folder = path.rpartition("/")[0] + "/" * ("/" in path)
        shorter = page if path.startswith("guides/") else _LINK.sub(link, page)
        cut[path] = _TREE.sub(lambda found, folder=folder: tree(found, folder), shorter)
    return cut


@dataclass
class Html(HTMLParser):
    """The ids of a page, and where it leads."""

    ids: set[str] = field(default_factory=set)
    leads: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        for name, value in attributes:
            if name == "id" and value:
                self.ids.add(value)
            elif name in ("href", "src") and value:
                self.leads.append(value)


def broken_links(site: Path) -> Iterator[str]:
    """Give each link of the site that leads to no file of it, or to no place in the file; addresses are no links."""
    pages = {}
    for file in site.rglob("*.html"):
        pages[file] = Html()
        pages[file].feed(file.read_text(encoding="utf-8"))
    for file, page in pages.items():
        for to in page.leads:
            parts = urlsplit(to)
            target = (file.parent / unquote(parts.path)).resolve() if parts.path else file
            if parts.scheme:
                continue
            anchors = pages[target].ids if target in pages else set()
            if not target.is_file() or (parts.fragment and unquote(parts.fragment) not in anchors):
                yield f"{file.relative_to(site)} → {to}"
