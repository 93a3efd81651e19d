"""Adds to the pages of the theme what a screen reader and a keyboard need."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_BETTER = {
    '<aside class="sidebar-drawer">': '<aside class="sidebar-drawer" aria-label="All pages">',
    '<aside class="toc-drawer">': '<aside class="toc-drawer" aria-label="This page">',
    '<aside class="toc-drawer no-toc">': '<aside class="toc-drawer no-toc" aria-label="This page">',
    '<div class="table-wrapper': '<div tabindex="0" role="group" aria-label="Table" class="table-wrapper',
    '<div class="highlight"><pre>': '<div class="highlight"><pre tabindex="0">',
    '<div id="search-results">': '<h1>Search</h1>\n<div id="search-results">',
}
"""The markup of the theme → better markup. If a later version of the theme has other markup, nothing changes."""


def make_accessible(site: Path) -> None:
    """Change every page of a site that has just been built."""
    for file in site.rglob("*.html"):
        page = file.read_text(encoding="utf-8")
        for written, better in _BETTER.items():
            page = page.replace(written, better)
        file.write_text(page, encoding="utf-8", newline="\n")
