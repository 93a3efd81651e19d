"""Puts values into a template: all escaped, with one inline style, one inline script, and a policy for just these."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from conformance.report.html.islands import frames_of, island
from conformance.report.html.view import page_view
from conformance.report.text import line, plural

if TYPE_CHECKING:
    from conformance.report.model import Report
    from conformance.results.runlog import Run

ASSETS = Path(__file__).parent / "assets"

ICONS = {
    "OK": "✓",
    "PASS": "✓",
    "PARTIAL": "◐",
    "FAIL": "✕",
    "FLAKY": "≠",
    "MISSING": "✕",
    "WAIVED": "~",
    "BROKEN": "!",
    "BLOCKED": "‖",
    "UNTESTABLE": "?",
    "OBSERVED": "◦",
    "NOT TESTED": "–",
    "NOT APPLICABLE": "–",
    "NOT RUN": "–",
    "IMPROVED": "↑",
    "REGRESSED": "↓",
    "BOTH FAIL": "✕",
    "NOT COMPARABLE": "?",
    "NEW": "+",
    "GONE": "−",
    "SAME": "=",
    "ACTIVE": "~",
    "STALE": "✕",
    "EXPIRED": "✕",
    "UNMATCHED": "✕",
    "UNDECIDED": "–",
}
"""A sign for each word; the word itself is always beside it, or read by screen readers."""


def render(report: Report, run: Run) -> str:
    """Give the whole page of one run; it is inert whatever the server sent."""
    return fill("report.html", "report.js", page=page_view(report, run))


def fill(template: str, script_file: str, **values: Any) -> str:
    """Fill a template of this package with plain values; a name that it lacks raises UndefinedError.

    The page's script is `common.js` and `script_file`.
    """
    style, script = _asset("style.css"), _asset("common.js") + _asset(script_file)
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; img-src data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
    )
    # Both are our own files without a `</`: nothing from a server goes into them.
    whole = {"style": Markup(style), "script": Markup(script), "policy": policy}  # noqa: S704
    return _environment().get_template(template).render(whole | values).rstrip() + "\n"


def fill_plain(template: str, **values: Any) -> str:
    """Fill a template of a page without any script with plain values."""
    style = _asset("style.css")
    policy = f"default-src 'none'; style-src {_hash(style)}; img-src data:; base-uri 'none'; form-action 'none'"
    whole = {"style": Markup(style), "policy": policy}  # noqa: S704 -- our own file without a `</`
    return _environment().get_template(template).render(whole | values).rstrip() + "\n"


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(ASSETS),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"line": line, "fragment": fragment, "plural": plural, "slug": slug, "thousands": thousands}
    environment.filters |= {"frames": frames_of, "island": island}
    environment.globals |= {"icons": ICONS}
    return environment


def fragment(name: str) -> str:
    """Turn an id into the fragment of a link."""
    return quote(name, safe="")


def slug(word: str) -> str:
    """Turn a word into a CSS class: `NOT RUN` → `not-run`."""
    return word.lower().replace(" ", "-")


def thousands(number: int) -> str:
    """Group digits: `1,515`."""
    return f"{number:,}"


@cache
def _asset(name: str) -> str:
    return (ASSETS / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
