from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt

from conformance.report import build, markdown
from conformance.report.fences import cell, fence, table
from conformance.report.text import line
from conformance.results.model import Observation, Outcome
from conformance.results.runlog import CellEntry, Footer, Run
from tests.conformance.report import hostile, runs, toys

PARSER = MarkdownIt("commonmark").enable("table").enable("strikethrough")


def page(run: Run, *, failures_only: bool = False) -> str:
    return markdown.render(build(run), run, failures_only=failures_only)


def shape(text: str) -> list[str]:
    """Everything that a parser sees but the words, and the escapes between them."""
    tokens = PARSER.parse(text)
    inner = [child.type for token in tokens for child in token.children or () if not child.type.startswith("text")]
    return [token.type for token in tokens] + sorted(inner)


class TestCell:
    @settings(deadline=None)
    @given(hostile.texts, hostile.texts)
    def test_is_read_as_the_text_that_it_shows(self, left: str, right: str) -> None:
        tokens = PARSER.parse("\n".join(table(("a", "b"), [(cell(left), cell(right))])))
        inline = [token for token in tokens if token.type == "inline"]
        assert len(inline) == 4
        for token, text in zip(inline[2:], (left, right), strict=True):
            assert {child.type for child in token.children or ()} <= {"text", "text_special"}
            assert "".join(child.content for child in token.children or ()) == line(text).strip()

    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("a|b", r"a\|b"),
            ("`code`", r"\`code\`"),
            ("<b>&", "&lt;b&gt;&amp;"),
            ("https://a.example", r"https\://a.example"),
            ("www.a.example", r"www\.a.example"),
            ("12:30, 6 of 7 · ok", "12:30, 6 of 7 · ok"),
            ("x" * 200, "x" * 120 + "… (200 characters)"),
        ],
    )
    def test_is_escaped_no_more_than_it_needs(self, text: str, shown: str) -> None:
        assert cell(text) == shown


class TestFence:
    @settings(deadline=None)
    @given(hostile.texts.map(line))
    def test_is_closed_by_nothing_inside(self, text: str) -> None:
        [token] = PARSER.parse(fence(text))
        assert token.type == "fence"
        assert token.content == f"{text}\n"


class TestPage:
    def test_has_the_table_of_the_seed_with_evidence(self) -> None:
        text = page(toys.forged())
        assert "| # | Feature | Verdict | Evidence |\n|---|---|---|---|\n" in text
        assert "| 4 | Editing | FAIL | 0 of 1 must rule · 1 scenario |\n" in text
        assert "Dropping" not in text

    def test_names_what_was_selected(self) -> None:
        assert "| Selected | 1 of 3 scenarios, of Editing |\n" in page(runs.narrowed())
        assert "| Selected |" not in page(toys.forged())

    def test_says_against_what_and_by_what_was_judged(self) -> None:
        text = page(toys.forged())
        for part in ("# Chat parity: toy\n", r"ws\://127.0.0.1:1/ws", "sha256:abc", "chat-parity 0.1.0", "exit 1"):
            assert part in text
        assert "| Calibration | greets, answers the barrier, delivers in order; settle 0 ms, patience 1000 ms |" in text

    @pytest.mark.parametrize(
        ("skew", "words"),
        [(None, "no broadcast arrived"), (0.0081, "the latest broadcast came 8.1 ms after its barrier")],
    )
    def test_says_how_the_target_delivers(self, skew: float | None, words: str) -> None:
        assert words in page(replace(toys.forged(), calibration=toys.calibration("Edit", skew=skew)))
        assert "does not know Edit" in page(replace(toys.forged(), calibration=toys.calibration("Edit", skew=skew)))

    def test_says_what_the_target_does_without(self) -> None:
        seen = replace(
            toys.calibration(skew=0.0), unseen=("Edit.note", "Edited"), confirms_joins=False, reads_back=True
        )
        words = "; without Edit.note, Edited; does not confirm joins; what was sent is in the history"
        assert words in page(replace(toys.forged(), calibration=seen))
        seen = replace(seen, unseen=(), confirms_joins=True)
        assert "; without" not in page(replace(toys.forged(), calibration=seen))

    def test_is_loud_when_the_run_is_not_complete(self) -> None:
        assert "> **NOT COMPLETE: the log ends without a footer" in page(replace(toys.forged(), footer=None))
        assert "> **NOT COMPLETE: interrupted.**" in page(replace(toys.forged(), footer=Footer(False, "interrupted")))
        assert "NOT COMPLETE" not in page(toys.forged())

    def test_has_a_section_for_each_kind_of_trouble(self) -> None:
        outcomes = (Outcome.FAIL, Outcome.FAIL, Outcome.BLOCKED, Outcome.NOT_APPLICABLE, Outcome.PASS)
        rules = (toys.rule("M-1"), toys.rule("S-1", "should"))
        scenarios = tuple(toys.scenario(f"edit.{n}", ("S-1" if n == 1 else "M-1",)) for n in range(5))
        results = [toys.result(entry, outcome) for entry, outcome in zip(scenarios, outcomes, strict=True)]
        results.append(toys.result(scenarios[4], Outcome.UNTESTABLE, attempt=2))
        probe = Observation("echo", "Does it echo?", "It bites.", "yes|no")
        text = page(toys.run(toys.header(rules, scenarios), *results, probes=(probe,)))
        titles = [heading for heading in text.splitlines() if heading.startswith("## ")]
        assert titles == [
            *(
                "## Features",
                "## Likely causes",
                "## Failures",
                "## Failures of should rules",
                "## Could not be judged",
            ),
            *("## Not applicable", "## Flaky", "## Probes"),
        ]
        assert "| Editing | FAIL (amber) |" in text
        assert "| edit.2 | BLOCKED | edit.2 is BLOCKED |" in text
        assert "| edit.3 | edit.3 is NOT APPLICABLE |" in text
        assert "| edit.4 | PASS, UNTESTABLE |" in text
        assert r"| echo | Does it echo? | yes\|no |" in text

    def test_draws_a_table_of_the_spec_as_a_table(self) -> None:
        entries = tuple(
            replace(toys.scenario(f"s{n}", ("M-1",)), cell=CellEntry("spec/who-may.yaml", row, column, "no|yes", 0, n))
            for n, (row, column) in enumerate([("edit", "owner"), ("edit", "reader")])
        )
        text = page(toys.run(toys.header((toys.rule("M-1"),), entries), toys.result(entries[0])))
        assert "## Who may\n" in text
        assert "|  | owner | reader |\n|---|---|---|\n| edit | no\\|yes | no\\|yes **NOT RUN** |\n" in text

    def test_of_failures_only_has_no_table_of_features(self) -> None:
        text = page(toys.forged(), failures_only=True)
        assert "## Failures" in text
        assert "## Features" not in text

    @settings(deadline=None)
    @given(hostile.texts, hostile.texts)
    def test_keeps_its_shape_whatever_a_server_sends(self, text: str, other: str) -> None:
        run = toys.forged(text)
        target = replace(run.header.target, name=f"name {other}", instances=(f"url {text}",))
        run = replace(run, header=replace(run.header, target=target), footer=Footer(False, f"reason {other}"))
        harmless = replace(toys.forged(), footer=Footer(False, "reason"))
        assert shape(page(run)) == shape(page(harmless))
