from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.scenario import model as m
from conformance.scenario import steps as s
from conformance.scenario.cases import MAX_CASES
from tests.conformance.scenario.reading import GIVEN, HEAD, read, refusal

if TYPE_CHECKING:
    from pathlib import Path

STEP = 'steps:\n  - {send: Ping, by: alice, with: {a: "${case.a}"}}\n'
CASES_LINE = 11


def fields(scenario: m.Scenario) -> object:
    (step,) = scenario.steps
    assert isinstance(step, s.Send)
    return step.fields


def test_a_scenario_is_run_once_per_case(tmp_path: Path) -> None:
    cases = read(tmp_path, HEAD + GIVEN + STEP + 'cases: {one: {a: 1}, two: {a: ["${alice}"]}}')
    assert [case.id for case in cases] == ["edit-message.refused[one]", "edit-message.refused[two]"]
    assert {case.base for case in cases} == {"edit-message.refused"}
    assert [fields(case) for case in cases] == [{"a": 1}, {"a": ["${alice}"]}]
    assert [case.steps[0].line for case in cases] == [10, 10]


def test_a_case_may_replace_anything(tmp_path: Path) -> None:
    text = """\
id: edit-message.refused
title: A member cannot edit, ${case.id}
feature: "${case.feature}"
rules: "${case.rules}"
given:
  users: [alice, "${case.who}"]
  conversations: {lobby: {members: {alice: owner, "${case.who}": "${case.role}"}}}
setup: "${case.setup}"
steps:
  - {send: Ping, by: "${case.who}", with: {"${case.key}": "x${case.number}", b: "$${case.who} ${alice}"}}
  - {expect_close: alice, codes: "${case.codes}"}
cases:
  only: {feature: ping_pong, rules: [A-1], who: bob, role: reader, setup: [{sync: bob}], key: k, number: 5,
    codes: [1000]}
"""
    (case,) = read(tmp_path, text)
    assert (case.title, case.feature, case.rules) == ("A member cannot edit, only", "ping_pong", ("A-1",))
    assert case.given.conversations["lobby"].members == {"alice": "owner", "bob": "reader"}
    assert case.setup == (s.Sync(line=8, who=("bob",)),)
    assert case.steps == (
        s.Send(line=10, frame="Ping", by="bob", fields={"k": "x5", "b": "$${case.who} ${alice}"}),
        s.ExpectClose(line=11, at=("alice",), codes=("1000",)),
    )


@pytest.mark.parametrize(
    ("cases", "message"),
    [
        ("{one: {b: 1}}", f"{CASES_LINE}: the case 'one' has no value for ${{case.a}}"),
        ("{one: {a: 1}, two: {}}", f"{CASES_LINE}: the case 'two' has no value for ${{case.a}}"),
        ("\n  one: {a: 1}\n  two:\n    a: 1\n    c: 2", "15: nothing uses ${case.c}"),
        ("{}", f"{CASES_LINE}: `cases`: this should not be empty"),
        ("[one]", f'{CASES_LINE}: `cases`: ["one"] should be a mapping'),
        ("{one: 1}", f"{CASES_LINE}: `one`: 1 should be a mapping"),
        (
            "{One: {a: 1}}",
            f'{CASES_LINE}: `cases`: "One" does not look as it should: it must match ^[a-z0-9][a-z0-9_.-]*$',
        ),
        ("{table: none.yaml, cells: yes}", "none.yaml: there is no such file"),
    ],
)
def test_a_mistake_in_cases_is_named(tmp_path: Path, cases: str, message: str) -> None:
    found = refusal(tmp_path, f"{HEAD}{GIVEN}{STEP}cases: {cases}\n")
    assert found == (message if message.startswith("none") else f"x.yaml:{message}")


def test_a_mistake_that_a_case_makes_names_the_case(tmp_path: Path) -> None:
    step = 'steps:\n  - {send: Ping, by: "${case.who}"}\n'
    found = refusal(tmp_path, f"{HEAD}{GIVEN}{step}cases: {{good: {{who: bob}}, bad: {{who: 5}}}}\n")
    assert found == "x.yaml:10: in the case 'bad': `by`: 5 should be a text"
    found = refusal(tmp_path, f"{HEAD}{GIVEN}{step}cases: {{good: {{who: bob}}, bad: {{who: carol}}}}\n")
    assert found == "x.yaml:10: in the case 'bad': carol belongs to no user of `given`"


def test_a_key_must_stay_a_key(tmp_path: Path) -> None:
    step = 'steps:\n  - {send: Ping, by: alice, with: {"${case.a}": 1}}\n'
    assert refusal(tmp_path, f"{HEAD}{GIVEN}{step}cases: {{one: {{a: [1]}}}}\n") == (
        "x.yaml:11: in the case 'one': the key ${case.a} has a list or a mapping as its value; a key is text"
    )


def test_too_many_cases_are_refused(tmp_path: Path) -> None:
    many = ", ".join(f"c{n}: {{a: {n}}}" for n in range(MAX_CASES + 1))
    found = refusal(tmp_path, f"{HEAD}{GIVEN}{STEP}cases: {{{many}}}\n")
    assert found == f"x.yaml:{CASES_LINE}: 1001 cases are more than 1000"


class TestTables:
    TABLE = """\
rows:
  - {id: first, a: 1, cells: {member: allowed, reader: refused}}
  - {id: second, a: 2, cells: {member: allowed}}
"""
    TEXT = (
        HEAD + GIVEN + 'steps:\n  - {send: Ping, by: alice, with: {a: "${case.a}", c: "${case.row} ${case.column}"}}\n'
    )

    def test_make_a_case_of_each_cell_with_the_value(self, tmp_path: Path) -> None:
        (tmp_path / "table.yaml").write_text(self.TABLE)
        cases = read(tmp_path, f"{self.TEXT}cases: {{table: table.yaml, cells: allowed}}\n")
        assert [(case.id.partition("[")[2], fields(case)) for case in cases] == [
            ("first.member]", {"a": 1, "c": "first member"}),
            ("second.member]", {"a": 2, "c": "second member"}),
        ]

    def test_say_of_each_case_which_cell_it_is(self, tmp_path: Path) -> None:
        table = tmp_path / "table.yaml"
        table.write_text(self.TABLE.replace("{member: allowed}", "{owner: allowed, reader: allowed}"))
        cases = read(tmp_path, f"{self.TEXT}cases: {{table: table.yaml, cells: allowed}}\n")
        assert [case.cell for case in cases] == [
            m.Cell(table, "first", "member", "allowed", (0, 0)),
            m.Cell(table, "second", "owner", "allowed", (1, 2)),
            m.Cell(table, "second", "reader", "allowed", (1, 1)),
        ]
        (plain,) = read(tmp_path, f"{HEAD}{GIVEN}{STEP}cases: {{one: {{a: 1}}}}\n")
        assert plain.cell is None

    @pytest.mark.parametrize(
        ("table", "message"),
        [
            (TABLE, "x.yaml:11: no cell of table.yaml has the value 'never'"),
            ("rows: 5\n", "table.yaml:1: a table of cases needs `rows`, a list"),
            ("- a\n", "table.yaml:1: a table of cases needs `rows`, a list"),
            ("rows:\n  - {id: a, cells: {}}\n  - {id: b}\n", "table.yaml:3: a row needs `id`, and `cells`: {column: "),
            ("rows:\n  - {cells: {x: never}}\n", "table.yaml:2: a row needs `id`, and `cells`: {column: value}"),
            ("rows:\n  - {id: a, cells: {x: never}}\n", "x.yaml:11: the case 'a.x' has no value for ${case.a}"),
            ("rows: [\n", "table.yaml:2: this is not YAML: "),
        ],
    )
    def test_are_refused_where_they_are_wrong(self, tmp_path: Path, table: str, message: str) -> None:
        (tmp_path / "table.yaml").write_text(table)
        text = f"{self.TEXT}cases: {{table: table.yaml, cells: never}}\n"
        assert refusal(tmp_path, text).startswith(message)

    def test_is_also_what_two_cases_may_be_called(self, tmp_path: Path) -> None:
        cases = read(tmp_path, f"{HEAD}{GIVEN}{STEP}cases: {{table: {{a: 1}}, cells: {{a: 2}}}}\n")
        assert [fields(case) for case in cases] == [{"a": 1}, {"a": 2}]
