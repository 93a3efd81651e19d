"""Builds the pages into HTML that needs no network: Sphinx with the theme Furo, in a folder of its own."""

from __future__ import annotations

import io
import re
import shutil
import tempfile
import warnings
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from conformance.errors import UsageError
from conformance.report.site.accessible import make_accessible

if TYPE_CHECKING:
    from collections.abc import Mapping

NEEDED = ("sphinx", "furo", "myst_parser")
MARK = ".chat-parity-site"
"""The file by which a folder is known as a site that may be replaced."""

_ASSETS = Path(__file__).parent / "assets"
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_CONFIGURATION = {
    "extensions": ["myst_parser"],
    "html_theme": "furo",
    "html_title": "chat-parity",
    "html_static_path": ["_static"],
    "html_css_files": ["site.css"],
    "html_copy_source": False,
    "html_show_sourcelink": False,
    "html_show_copyright": False,
    "html_show_sphinx": False,
    "html_show_search_summary": False,  # a page that is opened as a file may not fetch others
    "html_permalinks": False,
    "html_use_index": False,
    "myst_enable_extensions": ["attrs_inline"],
    "myst_heading_anchors": 3,
    "myst_ref_domains": ["std"],  # the others are asked for each link, and have none
    "myst_disable_syntax": ["html_block", "html_inline"],
    "smartquotes": False,
    "nitpicky": True,
    "show_warning_types": True,
}


def check_installed() -> None:
    """Raise UsageError where the libraries are missing: they are an extra of the package."""
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise UsageError(
            f"the site needs {', '.join(missing)}: install it with `python -m pip install 'chat-parity[docs]'`"
        )


def build_site(pages: Mapping[str, str], out: Path) -> None:
    """Build the site into `out`, a new folder or an earlier site; raises UsageError."""
    check_installed()
    if out.exists() and not (out.is_dir() and ((out / MARK).exists() or not any(out.iterdir()))):
        raise UsageError(f"{out} has other files; name a new folder with --out")
    with tempfile.TemporaryDirectory(prefix="chat-parity-docs-") as name:
        work = Path(name)
        for path, markdown in pages.items():
            file = work / "source" / f"{path}.md"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(markdown, encoding="utf-8", newline="\n")
        shutil.copytree(_ASSETS, work / "source" / "_static")
        _run_sphinx(work)
        (work / "html" / "_sources").rmdir()  # It is empty.
        make_accessible(work / "html")
        (work / "html" / MARK).touch()
        if out.exists():
            shutil.rmtree(out)
        shutil.copytree(work / "html", out)


def _run_sphinx(work: Path) -> None:
    # An extra, and slow to import.
    from sphinx.application import Sphinx  # noqa: PLC0415
    from sphinx.util.docutils import docutils_namespace, patch_docutils  # noqa: PLC0415

    found = io.StringIO()
    with warnings.catch_warnings(), patch_docutils(), docutils_namespace():
        # MyST and Furo are not always as new as Sphinx would like them; that is for them to hear.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        application = Sphinx(
            srcdir=work / "source",
            confdir=None,
            outdir=work / "html",
            doctreedir=work / "doctrees",
            buildername="html",
            confoverrides=_CONFIGURATION,
            status=None,
            warning=found,
            freshenv=True,
        )
        application.build()
    if said := _COLOUR.sub("", found.getvalue()).strip():
        raise RuntimeError(f"Sphinx warns of the pages:\n{said}")
