"""Builds the pages as HTML that needs no network, with the theme Furo."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.errors import UsageError
from conformance.report.site.accessible import make_accessible
from conformance.report.site.run_sphinx import run_sphinx

if TYPE_CHECKING:
    from collections.abc import Mapping

MARK = ".chat-parity-site"
"""The file that marks a folder as a site, which may be replaced."""

_ASSETS = Path(__file__).parent / "assets"
_OPTIONS = {
    "html_theme": "furo",
    "html_title": "chat-parity",
    "html_static_path": ["_static"],
    "html_css_files": ["site.css"],
    "html_copy_source": False,
    "html_show_sourcelink": False,
    "html_show_copyright": False,
    "html_show_sphinx": False,
    "html_show_search_summary": False,  # a page that is opened as a file cannot fetch other pages
    "html_permalinks": False,
    "html_use_index": False,
}


def build_site(pages: Mapping[str, str], out: Path) -> None:
    """Build the site in `out`: a new or empty folder, or an earlier site. Raises UsageError for any other folder."""
    if out.exists() and not (out.is_dir() and ((out / MARK).exists() or not any(out.iterdir()))):
        raise UsageError(f"{out} has other files; name a new folder with --out")
    Path(os.path.realpath(out)).parent.mkdir(parents=True, exist_ok=True)  # first: to build takes long
    with tempfile.TemporaryDirectory(prefix="chat-parity-docs-") as work:
        shutil.copytree(_ASSETS, Path(work) / "source" / "_static")
        built = run_sphinx(pages, Path(work), "html", _OPTIONS)
        shutil.rmtree(built / "_sources", ignore_errors=True)  # Some versions of Sphinx leave it, empty.
        make_accessible(built)
        (built / MARK).touch()
        _replace(out, built)


def _replace(out: Path, built: Path) -> None:
    """Put what was built in the place of an earlier site, which stays as it is if the disk is full."""
    place = Path(os.path.realpath(out))
    with tempfile.TemporaryDirectory(prefix=".chat-parity-docs-", dir=place.parent) as beside:
        new = shutil.copytree(built, Path(beside) / "new")
        if place.exists():
            place.rename(Path(beside) / "old")
        new.rename(place)
