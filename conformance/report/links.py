"""Where a reader finds what a report speaks of: a line of an own file, and the web page of a scenario or a rule."""

from __future__ import annotations

import re
from functools import cache
from importlib import metadata
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from conformance.report.text import line
from conformance.report.waived import file_of

if TYPE_CHECKING:
    from conformance.report.model import Report
    from conformance.results.runlog import Run

_VERSION = re.compile(r"\d[\w.+-]{0,40}")
_LONGEST = 400


class Place(NamedTuple):
    """A line of a file, counted from 1; 0 is the whole file, and an empty `file` is no place."""

    file: str
    line: int


def own_place(scenario: str, report: Report, run: Run) -> Place:
    """Give the line of the reader's own files that a failure belongs to.

    It is the waiver that covered the scenario and does no longer, or the target file. A run against a bare URL or the
    reference server has neither: the files of `spec/` are not in a reader's repository.
    """
    for waiver in report.waivers:
        if scenario in waiver.covered and file_of(run):
            return Place(file_of(run), waiver.entry.line)
    target = report.target.place
    return Place(target, 1) if target and "://" not in target else Place("", 0)


def source_link(report: Report, file: str, number: int) -> str:
    """Give the web page of a line of a file of `spec/`; empty if nobody knows where the files are on the web."""
    if not report.source_url or not file:
        return ""
    path = quote(line(file, _LONGEST), safe="/")
    return f"{report.source_url.rstrip('/')}/{path}" + (f"#L{number}" if number else "")


def scenario_link(scenario: str, report: Report) -> str:
    """Give the web page of a scenario; empty if there is none."""
    entry = next((one.entry for one in report.scenarios if one.entry.id == scenario), None)
    return source_link(report, entry.file, entry.line) if entry else ""


def project_source(version: str) -> str:
    """Give the web page of this project's files at a version of the tool, from the package's own metadata.

    It is empty where the package names no repository, or where the version is none.
    """
    repository = _repository()
    return f"{repository}/blob/v{version}" if repository and _VERSION.fullmatch(version) else ""


@cache
def _repository() -> str:
    try:
        urls = metadata.metadata("chat-parity").get_all("Project-URL") or []
    except metadata.PackageNotFoundError:
        return ""
    named = {str(one).partition(", ")[0]: str(one).partition(", ")[2] for one in urls}
    return named.get("Repository", "").rstrip("/")
