"""Runs Sphinx on Markdown pages, in this process and with our configuration; warnings are errors."""

from __future__ import annotations

import io
import re
import warnings
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from conformance.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NEEDED = ("sphinx", "furo", "myst_parser")

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_CONFIGURATION = {
    "extensions": ["myst_parser"],
    "myst_enable_extensions": ["attrs_inline", "deflist"],
    "myst_heading_anchors": 3,
    "myst_ref_domains": ["std"],  # the other domains have no links, and would be searched for each one
    "myst_disable_syntax": ["html_block", "html_inline"],
    "smartquotes": False,
    "nitpicky": True,
    "show_warning_types": True,
}


def check_installed() -> None:
    """Raise UsageError if the libraries are missing, which are an extra of the package."""
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise UsageError(
            f"this needs {', '.join(missing)}: install it with `python -m pip install 'chat-parity[docs]'`"
        )


def run_sphinx(pages: Mapping[str, str], work: Path, builder: str, options: Mapping[str, Any]) -> Path:
    """Build pages, given by path, in the folder `work`, and give the folder of the result.

    Raises UsageError if the libraries are missing, and RuntimeError with the warnings of Sphinx.
    """
    check_installed()
    # An optional dependency, and slow to import.
    from sphinx.application import Sphinx  # noqa: PLC0415
    from sphinx.util.docutils import docutils_namespace, patch_docutils  # noqa: PLC0415

    for path, markdown in pages.items():
        file = work / "source" / f"{path}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(markdown, encoding="utf-8", newline="\n")
    found = io.StringIO()
    with warnings.catch_warnings(), patch_docutils(), docutils_namespace():
        # These warnings concern MyST and Furo, which call older functions of Sphinx.
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        application = Sphinx(
            srcdir=work / "source",
            confdir=None,
            outdir=work / builder,
            doctreedir=work / "doctrees",
            buildername=builder,
            confoverrides={**_CONFIGURATION, **options},
            status=None,
            warning=found,
            freshenv=True,
        )
        application.connect("html-page-context", _show_one_section, priority=400)  # before the theme's own, of 500
        application.build()
    if said := _COLOUR.sub("", found.getvalue()).strip():
        raise RuntimeError(f"Sphinx warns about the pages:\n{said}")
    return work / builder


def _show_one_section(_app: Any, _page: str, _template: str, context: dict[str, Any], _tree: Any) -> None:
    """Show only the section of the page in its navigation: all sections would double the time of the build."""
    if (whole := context.get("toctree")) is not None:
        context["toctree"] = lambda **options: whole(**{**options, "collapse": True})
