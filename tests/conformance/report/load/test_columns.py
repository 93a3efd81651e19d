"""A load beside a run adds two columns to the table of features, in every view that has the table."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from conformance.report import FORMATS, build
from conformance.report.load.columns import times
from conformance.results.load.record import FeatureLoad, LoadRecord
from tests.conformance.report import runs
from tests.conformance.results.load.records import a_record, latency


def a_feature(**changes: object) -> FeatureLoad:
    one = FeatureLoad(1, "edit", "Edit", 9, 0, 0, 0, latency(21.7), latency(40.0))
    return replace(one, **changes)  # type: ignore[arg-type]


RECORD = a_record(features=(a_feature(),))


def shown(form: str, load: LoadRecord | None = RECORD) -> str:
    run = runs.mixed()
    return FORMATS[form](build(run, load=load), run)


def test_a_feature_has_the_times_of_its_replies_or_of_its_deliveries() -> None:
    assert times(a_feature()) == ("4.3", "21.7")
    assert times(a_feature(reply=None)) == ("8.0", "40.0")
    assert times(a_feature(reply=None, delivery=None)) == times(None) == ("–", "–")


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_every_view_of_the_table_has_the_columns(form: str) -> None:
    text, without = shown(form), shown(form, None)
    for part in ("p50 ms", "p99 ms", "21.7"):
        assert part in text
        assert part not in without


def test_the_page_for_programs_has_the_latencies() -> None:
    first, *others = json.loads(shown("json"))["features"]
    assert (first["reply"]["p99"], first["delivery"]["p99"]) == (21.7, 40.0)
    assert {(one["reply"], one["delivery"]) for one in others} == {(None, None)}


def test_a_note_says_which_load_it_was() -> None:
    (note,) = build(runs.mixed(), load=RECORD).notes
    assert note.startswith("p50 and p99 are of a load of toy (10 users, 60 s, 2026-01-01T12:00:00Z, with another spec")
    cut = replace(RECORD, complete=False, reason="interrupted", spec=runs.mixed().header.spec.digest)
    (note,) = build(runs.mixed(), load=cut).notes
    assert "2026-01-01T12:00:00Z, not complete (interrupted)): of the replies" in note
