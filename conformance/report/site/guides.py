"""The guides of `docs/` as pages: they are Markdown already, and link to other files."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from conformance.report.site.markdown import toctree

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

INDEX = "README.md"
"""The guide that lists the other guides."""

_LINK = re.compile(r"\[(?P<words>[^\]\n]*)\]\((?P<to>[^)#\s:]+)(?P<anchor>#[^)\s]*)?\)")
_TERM = re.compile(r'<a id="(?P<id>[a-z0-9-]+)"></a>(?P<words>[^|\n]+?) *\|')
"""A row of the glossary."""


def guide_pages(guides: Mapping[str, str], source: str) -> Iterator[tuple[str, str]]:
    """Give the guides by path; `source` is the web address of the folder that has docs/, for links to other files."""
    linked = [found["to"] for found in _LINK.finditer(guides.get(INDEX, "")) if found["to"] in guides]
    for name, words in guides.items():
        if name != INDEX:
            yield f"guides/{name.removesuffix('.md')}", _page(words, guides, source)
    order = [name.removesuffix(".md") for name in dict.fromkeys([*linked, *guides]) if name != INDEX]
    yield "guides/index", f"{_page(guides.get(INDEX, '# Guides'), guides, source)}\n{toctree(*order)}"


def _page(words: str, guides: Mapping[str, str], source: str) -> str:
    """Change links to pages of the site or to the project's files on the web, and give terms their labels."""

    def link(found: re.Match[str]) -> str:
        to, anchor = found["to"], found["anchor"] or ""
        if to in guides:
            return f"[{found['words']}]({'index.md' if to == INDEX else to}{anchor})"
        path = posixpath.normpath(posixpath.join("docs", to))
        return f"[{found['words']}]({source}/{path}{anchor})" if source else found["words"]

    return _TERM.sub(lambda found: f"[{found['words']}]{{#{found['id']}}} |", _LINK.sub(link, words))
