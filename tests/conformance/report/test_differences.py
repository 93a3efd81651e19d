"""A target's dialect is listed in every report, with what of it the run has used."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.report import build, markdown, parity_json
from conformance.report.differences import gist
from conformance.report.transcript import failure_text
from conformance.results.model import Entry, Outcome
from conformance.results.runlog import DialectEntry, Footer
from tests.conformance.report import toys

if TYPE_CHECKING:
    from conformance.report.model import Report
    from conformance.results.runlog import Run
    from conformance.spec import Spec

ENTRIES = (
    DialectEntry("types.Edit", "Edit", "change|it"),
    DialectEntry("fields.text", "text", "<b>body</b>"),
)


def spoken(footer: Footer | None) -> Run:
    entry = toys.scenario("edit.yes", ("EDIT-1",))
    head = replace(toys.header((toys.rule("EDIT-1"),), (entry,)), dialect=ENTRIES)
    return toys.run(head, toys.result(entry), footer=footer)


def used(report: Report) -> dict[str, bool | None]:
    return {row.entry: row.used for row in report.differences}


@pytest.mark.parametrize(
    ("footer", "expected", "said"),
    [
        (
            Footer(complete=True, dialect_used=("types.Edit",)),
            {"types.Edit": True, "fields.text": False},
            "2 differences from the protocol in names and forms, 1 of them never used in this run",
        ),
        (
            Footer(complete=True, dialect_used=("types.Edit", "fields.text")),
            {"types.Edit": True, "fields.text": True},
            "2 differences from the protocol in names and forms",
        ),
        (
            None,
            {"types.Edit": None, "fields.text": None},
            "2 differences from the protocol in names and forms",
        ),
    ],
    ids=["one was used", "both were used", "the log was cut off"],
)
def test_each_entry_says_whether_it_was_used(
    footer: Footer | None, expected: dict[str, bool | None], said: str, whole_spec: Spec
) -> None:
    run = spoken(footer)
    report = build(run)
    assert used(report) == expected
    assert gist(report.differences) == said
    page = markdown.render(report, run)
    assert f"| Dialect | {said} |" in page
    assert "## Differences from the protocol" in page
    document = json.loads(parity_json.render(report))
    assert {one["entry"]: one["used"] for one in document["differences"]} == expected


def test_names_of_a_target_file_are_inert_in_markdown() -> None:
    run = spoken(Footer(complete=True))
    (line,) = (line for line in markdown.render(build(run), run).splitlines() if line.startswith("| fields.text"))
    assert "<b>" not in line
    assert line.endswith("| never used |")


def test_a_target_that_speaks_as_the_protocol_has_no_such_section() -> None:
    run = toys.forged()
    report = build(run)
    page = markdown.render(report, run)
    assert report.differences == ()
    assert gist(report.differences) == ""
    assert "Differences from the protocol" not in page
    assert "Dialect" not in page


def test_an_offending_frame_is_shown_as_the_wire_had_it_too() -> None:
    entry = toys.scenario("edit.no", ("EDIT-1",))
    transcript = (
        Entry(1.0, "alice", "←", {"kind": "Touch"}, wire='{"event": "touch"}'),
        Entry(2.0, "bob", "←", {"kind": "Edited", "text": "x"}, wire='{"event": "edited",\n "body": "x"}'),
    )
    failed = toys.result(entry, Outcome.FAIL, problems=(toys.problem("wrong", entry=1),), transcript=transcript)
    run = toys.run(toys.header((toys.rule("EDIT-1"),), (entry,)), failed)
    lines = failure_text(failed, run).splitlines()
    (at,) = (index for index, text in enumerate(lines) if text.endswith("← not allowed"))
    assert lines[at + 1] == '      on the wire: {"event": "edited",\\n "body": "x"}'
    assert sum("on the wire" in text for text in lines) == 1
