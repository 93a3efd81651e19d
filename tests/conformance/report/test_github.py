from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given, settings

from conformance.report import build, github
from conformance.results.model import Outcome
from tests.conformance.report import hostile, runs, toys

if TYPE_CHECKING:
    from conformance.results.runlog import Run

COMMAND = re.compile(r"::(error|warning|notice) ([a-z]+=[^,:]*(?:,[a-z]+=[^,:]*)*)::(.*)")


def commands(run: Run) -> list[str]:
    return github.render(build(run), run).splitlines()


def many(count: int, level: str = "must") -> Run:
    entries = tuple(toys.scenario(f"edit.s{n}", ("M-1",)) for n in range(count))
    results = [toys.result(entry, Outcome.FAIL) for entry in entries]
    return toys.run(toys.header((toys.rule("M-1", level),), entries), *results)


def test_a_failure_is_an_error_at_the_target_file() -> None:
    assert commands(toys.forged()) == [
        "::error file=targets/toy.yaml,line=1,title=EDIT-2 edit.no::"
        'must EDIT-2: "The sentence of EDIT-2."%0Anever Edited at alice, bob%0A'
        "Again: chat-parity run targets/toy.yaml edit.no"
    ]


def test_a_failure_whose_waiver_has_expired_is_at_the_waiver() -> None:
    (found,) = [one for one in commands(runs.waived()) if "title=EDIT-3 edit.amber" in one]
    assert found.startswith("::warning file=w.yaml,line=14,")


def test_a_run_against_an_address_has_no_file_of_the_reader_to_point_to() -> None:
    run = toys.forged()
    for place in ("ws://127.0.0.1:1/ws", None):
        bare = replace(run, header=replace(run.header, target=replace(run.header.target, place=place)))
        assert commands(bare)[0].startswith("::error title=EDIT-2 edit.no::")


def test_each_has_the_page_of_its_scenario_where_the_spec_is_on_the_web() -> None:
    run = runs.mixed()
    lines = github.render(build(run, "https://example.org/blob/v1/"), run).splitlines()
    assert "Scenario: https://example.org/blob/v1/spec/scenarios/edit.fails.yaml#L2" in lines[0]
    assert all("%0AScenario: https://example.org/" in line for line in lines)


def test_must_rules_are_errors_and_come_first_and_all_else_is_a_warning() -> None:
    kinds = [
        (found[1], found[2].partition("title=")[2]) for found in map(COMMAND.fullmatch, commands(runs.mixed())) if found
    ]
    assert kinds == [
        ("error", "EDIT-2 edit.fails"),
        ("error", "FORM-1 edit.passes"),
        ("warning", "EDIT-3 edit.amber"),
        ("warning", "BLOCKED edit.blocked"),
        ("warning", "UNTESTABLE edit.untestable[a.b]"),
        ("warning", "BROKEN drop.broken"),
        ("warning", "flaky edit.fails"),
    ]


def test_a_run_where_all_is_well_says_nothing() -> None:
    assert commands(runs.good()) == []


def test_a_run_that_is_not_complete_is_an_error() -> None:
    assert commands(runs.stopped())[0] == "::error title=The run is not complete::interrupted"


def test_no_kind_has_more_than_github_keeps_and_the_rest_is_counted() -> None:
    lines = commands(many(12))
    assert [line.split(" ")[0] for line in lines] == ["::error"] * 10 + ["::notice"]
    assert lines[-1] == "::notice title=12 errors::2 more errors are in parity.html and junit.xml"
    assert len(commands(many(10))) == 10
    assert commands(many(11, "should"))[-1].startswith("::notice title=11 warnings::1 more")


@settings(deadline=None)
@given(hostile.texts)
def test_no_text_ends_a_command_or_begins_one(text: str) -> None:
    lines = commands(runs.hostile(f"{text}\n::error::forged%0A,title=forged::"))
    assert len(lines) == len(commands(replace(runs.hostile("x"))))
    assert all(COMMAND.fullmatch(line) for line in lines)
