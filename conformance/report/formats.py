"""Every form of a report by name: pure functions of a judged run, imported when they are used."""

from __future__ import annotations

from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.report.model import Report
    from conformance.results.runlog import Run

    Render = Callable[[Report, Run], str]


def _lazily(module: str, function: str, report: Report, run: Run) -> str:
    text: str = getattr(import_module(f"conformance.report.{module}"), function)(report, run)
    return text


def _of(module: str, function: str = "render") -> Render:
    return partial(_lazily, module, function)


FORMATS: dict[str, Render] = {
    "text": _of("terminal"),
    "markdown": _of("markdown"),
    "json": _of("parity_json"),
    "html": _of("html"),
    "junit": _of("junit"),
    "sarif": _of("sarif"),
    "github": _of("github"),
    "summary": _of("summary"),
    "badge": _of("badge", "svg"),
    "shields": _of("badge", "endpoint"),
}
"""What `--format` takes; each gives the whole text, a line feed at its end (`github` nothing, if all is well)."""

FILES = {"parity.json": "json", "parity.md": "markdown", "parity.html": "html", "junit.xml": "junit"}
"""What a run writes beside its log, and the format of each."""
