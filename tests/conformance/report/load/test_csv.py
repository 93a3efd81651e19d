"""The file for spreadsheets has a line for each type."""

from __future__ import annotations

import csv
import io

from conformance.report.load.csv import render
from tests.conformance.results.load.records import a_record


def test_each_type_has_a_line() -> None:
    rows = list(csv.DictReader(io.StringIO(render(a_record()))))
    assert [(row["kind"], row["type"]) for row in rows] == [
        ("reply", "SendMessage"),
        ("reply", "Typing"),
        ("delivery", "NewMessage"),
    ]
    assert (rows[0]["sent"], rows[0]["p99_ms"]) == ("1200", "20.0")
    assert (rows[1]["measured"], rows[1]["p99_ms"]) == ("0", "")
    assert (rows[2]["sent"], rows[2]["doubled"]) == ("", "1")
