"""Where a report leads its reader: to own files, and to the web."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.report import build, links
from conformance.report.links import Place, own_place, project_source, scenario_link, source_link
from tests.conformance.report import hostile, runs

BASE = "https://example.org/blob/v1"


def test_a_failure_is_at_the_target_file_or_at_the_waiver_that_covered_it() -> None:
    run = runs.waived()
    report = build(run)
    assert own_place("drop.none", report, run) == Place("targets/toy.yaml", 1)
    assert own_place("edit.amber", report, run) == Place("w.yaml", 14)


@pytest.mark.parametrize("place", [None, "ws://chat.example/ws"])
def test_without_a_file_there_is_no_place(place: str | None) -> None:
    run = runs.mixed()
    run = replace(run, header=replace(run.header, target=replace(run.header.target, place=place)))
    assert own_place("edit.fails", build(run), run) == Place("", 0)


def test_a_scenario_has_a_page_where_the_spec_is_on_the_web() -> None:
    run = runs.mixed()
    assert scenario_link("edit.fails", build(run, f"{BASE}/")) == f"{BASE}/spec/scenarios/edit.fails.yaml#L2"
    assert scenario_link("edit.fails", build(run)) == ""
    assert scenario_link("edit.no-such", build(run, BASE)) == ""


@pytest.mark.parametrize("text", [*hostile.NASTY, "a b?c#d"], ids=ascii)
def test_a_link_stays_a_link_whatever_a_file_is_called(text: str) -> None:
    link = source_link(build(runs.good(), BASE), f"spec/{text}", 3)
    assert link.startswith(f"{BASE}/spec/")
    assert link.endswith("#L3")
    assert link.isascii()
    assert not set(link.removesuffix("#L3")) & set(" <>\"'?#\n")


class TestTheProject:
    def test_names_its_repository_in_the_metadata(self) -> None:
        project = tomllib.loads((Path(__file__).parents[3] / "pyproject.toml").read_text())["project"]
        assert project["urls"]["Repository"].startswith("https://")

    def test_is_linked_at_the_version_of_the_run(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(links, "_repository", lambda: "https://example.org/chat")
        assert project_source("0.1.0") == "https://example.org/chat/blob/v0.1.0"
        assert project_source("0.1.0/../..?x") == ""
        assert project_source("") == ""

    def test_without_a_repository_is_not_linked(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(links, "_repository", lambda: "")
        assert project_source("0.1.0") == ""
