from __future__ import annotations

import json
from dataclasses import replace
from xml.etree.ElementTree import fromstring

import pytest

from conformance.report import badge, build
from conformance.results.model import Outcome
from tests.conformance.report import runs

SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("kind", "message", "colour"),
    [
        ("good", "1 of 1 selected OK", "brightgreen"),
        ("mixed", "0 of 2 OK", "red"),
        ("cut off", "not complete", "lightgrey"),
    ],
)
def test_says_how_many_features_are_ok(kind: str, message: str, colour: str) -> None:
    report = build(runs.KINDS[kind])
    document = json.loads(badge.endpoint(report))
    assert document == {
        **{"schemaVersion": 1, "label": "chat parity", "message": message, "color": colour},
        "isError": kind != "good",
    }
    image = fromstring(badge.svg(report))
    assert [text.text for text in image.iter(f"{SVG}text")] == ["chat parity", message]
    assert image.get("aria-label") == f"chat parity: {message}"


def test_is_neutral_where_no_feature_got_a_verdict() -> None:
    report = build(runs.narrowed(selected="drop.passes"))
    assert report.exit_code == 0
    document = json.loads(badge.endpoint(report))
    assert (document["message"], document["color"]) == ("no feature judged", "lightgrey")
    assert badge._HEX["lightgrey"] in badge.svg(report)
    assert badge._HEX["brightgreen"] not in badge.svg(report)


def test_is_red_where_the_little_that_was_selected_fails() -> None:
    report = build(runs.narrowed(Outcome.FAIL, "drop.passes"))
    assert json.loads(badge.endpoint(report))["color"] == "red"


def test_nothing_of_the_server_is_in_it() -> None:
    run = runs.hostile("<script>")
    assert "script" not in badge.svg(build(run)) + badge.endpoint(build(run))


def test_calls_nothing_ok_in_observed_traffic() -> None:
    run = runs.KINDS["good"]
    report = build(replace(run, header=replace(run.header, options={"observed": True})))
    assert badge.message(report).endswith("observed")
