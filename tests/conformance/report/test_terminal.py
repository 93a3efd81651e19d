from __future__ import annotations

import io
from dataclasses import replace

import pytest
from hypothesis import given, settings
from rich.cells import cell_len
from rich.console import Console

from conformance.report import build, terminal
from conformance.report.text import visible
from conformance.results.model import Outcome
from conformance.results.runlog import FeatureEntry, Run
from tests.conformance.report import hostile, runs, toys
from tests.conformance.report.test_transcript import EXAMPLE


def plain(run: Run, width: int = 100, *, failures_only: bool = False) -> str:
    return terminal.render(build(run), run, width, failures_only=failures_only)


def shown(run: Run, **console: object) -> str:
    stream = io.StringIO()
    terminal.show(build(run), run, Console(file=stream, width=100, **console))  # type: ignore[arg-type]
    return stream.getvalue()


class TestRender:
    def test_shows_the_table_the_failures_and_the_counts(self) -> None:
        assert plain(toys.forged()) == (
            "toy · ws://127.0.0.1:1/ws · 2026-02-22T20:49:32+01:00\n"
            "\n"
            "  #  Feature  Verdict      Evidence\n"
            "  4  Editing  FAIL         0 of 1 must rule · 1 scenario\n"
            "\n"
            f"{EXAMPLE}\n"
            "\n"
            "1 feature: 1 FAIL\n"
            "1 scenario in 1.5 s: 1 FAIL\n"
        )

    def test_names_what_was_selected(self) -> None:
        text = plain(runs.narrowed())
        assert "  4  Editing  OK " in text
        assert "Dropping" not in text
        assert "1 feature: 1 OK\nSelected: 1 of 3 scenarios, of Editing\n" in text

    def test_of_failures_only_leaves_the_table_out(self) -> None:
        assert plain(toys.forged(), failures_only=True).startswith(EXAMPLE)

    def test_says_last_that_the_run_is_not_complete(self) -> None:
        text = plain(replace(toys.forged(), footer=None))
        assert text.endswith("NOT COMPLETE: the log ends without a footer: the run was cut off\n")

    def test_lists_what_could_not_be_judged_up_to_a_limit(self) -> None:
        scenarios = tuple(toys.scenario(f"edit.s{n}", ("M-1",)) for n in range(30))
        results = [toys.result(entry, Outcome.UNTESTABLE) for entry in scenarios]
        text = plain(toys.run(toys.header((toys.rule("M-1"),), scenarios), *results))
        assert "UNTESTABLE  edit.s0  edit.s0 is UNTESTABLE\n" in text
        assert "… and 10 more that could not be judged\n" in text

    def test_names_the_flaky_and_how_often_they_fail(self) -> None:
        entry = toys.scenario("edit.a", ("M-1",))
        results = (toys.result(entry), toys.result(entry, Outcome.FAIL, attempt=2))
        text = plain(toys.run(toys.header((toys.rule("M-1"),), (entry,)), *results))
        assert "FAIL  edit.a  (attempt 2)" in text
        assert "  FLAKY: FAIL in 1 of 2 attempts\n" in text
        assert "1 flaky: edit.a\n" in text

    def test_shows_a_finding_once_however_many_scenarios_saw_it(self) -> None:
        scenarios = tuple(toys.scenario(f"edit.s{n}", ("M-1",)) for n in range(3))
        finding = toys.problem("no zone", rule="FORM-1", step="expect Edited")
        results = [toys.result(entry, findings=(finding, finding)) for entry in scenarios]
        rules = (toys.rule("M-1"), toys.rule("FORM-1", "should", ("edit", "drop")))
        text = plain(toys.run(toys.header(rules, scenarios), *results))
        assert text.count("no zone") == 1
        assert "  Also in edit.s1, edit.s2\n" in text
        assert "3 scenarios in 1.5 s: 3 PASS\nBesides, frames that no scenario asked for break FORM-1\n" in text

    @pytest.mark.parametrize("width", [1, 20, 40, 41, 59, 60, 70, 100, 200])
    def test_keeps_the_table_within_the_width_but_never_under_40(self, width: int) -> None:
        features = (FeatureEntry(22, "edit", "Permissions (read / send / join / moderate) 日本語日本語日本語"),)
        scenarios = (toys.scenario("edit.a", ("M-1",)), toys.scenario("edit.b", ("M-2",)))
        rules = (toys.rule("M-1"), toys.rule("M-2"), toys.rule("M-3"))
        head = toys.header(rules, scenarios, selected=("edit.a",), features=features)
        text = plain(toys.run(head, toys.result(scenarios[0])), width)
        rows = text.split("\n\n")[1].splitlines()
        assert max(cell_len(row) for row in rows) <= max(width, 40)
        assert all(word in " ".join(text.split()) for word in ("NOT TESTED", "1 of 3 must rules judged"))

    def test_puts_the_evidence_below_where_there_is_no_room_beside(self) -> None:
        assert plain(toys.forged(), 40).split("\n\n")[1].splitlines() == [
            "  #  Feature  Verdict",
            "  4  Editing  FAIL",
            "     0 of 1 must rule · 1 scenario",
        ]

    @settings(deadline=None)
    @given(hostile.texts)
    def test_keeps_its_lines_whatever_a_server_sends(self, text: str) -> None:
        run = toys.forged(text)
        target = replace(run.header.target, name=text, instances=(text,))
        lines = plain(replace(run, header=replace(run.header, target=target))).split("\n")
        assert len(lines) == len(plain(toys.forged()).split("\n"))
        assert all(row == visible(row) for row in lines)


class TestShow:
    def test_is_plain_where_there_is_no_terminal(self) -> None:
        assert shown(toys.forged()) == plain(toys.forged(), terminal.PLAIN_WIDTH)

    def test_has_colours_on_a_terminal(self) -> None:
        text = shown(toys.forged(), force_terminal=True, color_system="standard")
        assert "\x1b[1;31mFAIL" in text

    def test_has_no_colours_where_nobody_wants_them(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("NO_COLOR", "1")
        assert "\x1b[1;31m" not in shown(toys.forged(), force_terminal=True, color_system="standard")

    def test_reads_no_markup_in_what_a_server_sends(self) -> None:
        assert "[bold red]" in shown(toys.forged("[bold red]x[/nothing]"))


class TestResultLine:
    def test_is_one_line_per_result(self) -> None:
        entry = toys.scenario("edit.a", ("M-1",))
        assert terminal.result_line(toys.result(entry)).plain == "PASS            edit.a  12 ms"
        failed = toys.result(entry, Outcome.FAIL, problems=(toys.problem("a\nb\x1b"),), attempt=2)
        assert terminal.result_line(failed).plain == r"FAIL            edit.a  12 ms  attempt 2  a\nb\x1b"
