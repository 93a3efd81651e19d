from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from conformance.report import failure_text
from conformance.report.text import visible
from conformance.report.transcript import again, finding_text, window
from conformance.results.model import Entry, Outcome
from tests.conformance.report import hostile, toys

EXAMPLE = """\
FAIL  edit.no                                                            must · EDIT-2
      "The sentence of EDIT-2."                                          spec/rules/04-edit.yaml:9
  spec/scenarios/edit.no.yaml:27   never Edited at alice, bob
    0.0 ms  bob   → Edit    {id: ⟨message⟩, text: "forged"}
    1.9 ms  bob   ← Error   {code: "forbidden"}
    3.1 ms  alice ← Edited  {id: ⟨message⟩, text: "forged"}     ← not allowed
  Again:  chat-parity run targets/toy.yaml edit.no"""

RUN = toys.forged()
RESULT = RUN.results[0]


class TestFailureText:
    def test_reads_like_the_example_of_the_design(self) -> None:
        assert failure_text(RESULT, RUN) == EXAMPLE

    def test_shows_the_message_below_the_step_where_it_says_more(self) -> None:
        wrong = toys.problem(f"nothing matches;\nnearest: {toys.MESSAGE}", step="expect Edited at bob", entry=1)
        lines = failure_text(replace(RESULT, problems=(wrong,)), RUN).splitlines()
        assert lines[2:5] == [
            "  spec/scenarios/edit.no.yaml:27   expect Edited at bob",
            "    nothing matches;",
            "    nearest: ⟨message⟩",
        ]
        assert lines[6].endswith('{code: "forbidden"}     ← here')

    def test_calls_a_frame_that_nobody_asked_for_not_allowed(self) -> None:
        residue = toys.problem("alice got a frame that nothing explains", entry=2)
        assert failure_text(replace(RESULT, problems=(residue,)), RUN).count("← not allowed") == 1
        malformed = replace(residue, rule="EDIT-2")
        assert failure_text(replace(RESULT, problems=(malformed,)), RUN).count("← here") == 1

    def test_shows_a_dozen_lines_around_the_offender(self) -> None:
        transcript = tuple(Entry(float(n), "bob", "←", {"kind": "Tick", "n": n}) for n in range(40))
        result = replace(RESULT, transcript=transcript, problems=(toys.problem("wrong", step="expect Tick", entry=20),))
        lines = failure_text(result, RUN).splitlines()[4:-1]
        assert lines[0] == "    … 11 earlier"
        assert lines[1] == "    11.0 ms  bob ← Tick  {n: 11}"
        assert lines[10] == "    20.0 ms  bob ← Tick  {n: 20}     ← here"
        assert lines[-1] == "    … 17 later"
        assert len(lines) == 14

    def test_shows_what_came_after_the_last_request_and_not_how_we_left(self) -> None:
        asked = Entry(2.0, "alice", "→", {"kind": "Edit"})
        came = [Entry(3.0 + index, "bob", "←", {"kind": "Edited", "number": index}) for index in range(3)]
        left = [Entry(9.0, "bob", "·", text=f"closed with {1000 + index}") for index in range(30)]
        start, end = window(None, [*left, asked, *came, *left])
        assert (start, end - start) == (27, 12)
        assert window(None, left) == (18, 30)

    def test_shows_the_end_of_the_transcript_when_something_is_missing(self) -> None:
        transcript = tuple(Entry(float(n), "bob", "·", text=f"event {n}") for n in range(40))
        result = replace(RESULT, transcript=transcript, problems=(toys.problem("nothing came"),))
        assert failure_text(result, RUN).splitlines()[-2] == "    39.0 ms  bob · event 39"

    def test_leaves_out_what_the_harness_sent_by_itself_and_nothing_that_a_server_sent(self) -> None:
        transcript = tuple(Entry(float(n), "bob", way, text="x (by the harness)") for n, way in enumerate("→←→←"))
        result = replace(RESULT, transcript=transcript, problems=(toys.problem("nothing came"),))
        shown = failure_text(result, RUN)
        assert shown.count("← x (by the harness)") == 2
        assert "→ x" not in shown

    @pytest.mark.parametrize("entry", [-1, 3, 99])
    def test_survives_an_offender_that_is_not_there(self, entry: int) -> None:
        assert "← here" not in failure_text(replace(RESULT, problems=(toys.problem("m", entry=entry),)), RUN)

    def test_shows_frames_without_a_type_whole(self) -> None:
        transcript = (Entry(0.0, "bob", "←", {"kind": 7}), Entry(0.0, "bob", "→", None, "not json"))
        text = failure_text(replace(RESULT, transcript=transcript), RUN)
        assert "    0.0 ms  bob ← {kind: 7}\n    0.0 ms  bob → not json\n" in text

    def test_counts_the_problems_that_it_does_not_show(self) -> None:
        problems = tuple(toys.problem(f"wrong {n}") for n in range(8))
        assert "  … and 3 more problems\n" in failure_text(replace(RESULT, problems=problems), RUN)

    def test_says_which_attempt_it_was(self) -> None:
        assert failure_text(replace(RESULT, attempt=3), RUN).startswith("FAIL  edit.no  (attempt 3)  ")

    def test_shows_what_a_passing_scenario_found_of_another_rule(self) -> None:
        passed = replace(RESULT, outcome=Outcome.PASS, problems=(), findings=(toys.problem("no zone", rule="X-1"),))
        assert failure_text(passed, RUN).startswith("FAIL  edit.no".ljust(73) + "X-1\n  spec")

    def test_shows_an_outcome_without_problems(self) -> None:
        assert failure_text(replace(RESULT, outcome=Outcome.BROKEN, problems=()), RUN).startswith("BROKEN  edit.no")

    @settings(deadline=None)
    @given(hostile.texts)
    def test_shows_what_a_server_sends_on_as_many_lines_as_harmless_text(self, text: str) -> None:
        lines = failure_text(toys.forged(text).results[0], RUN).split("\n")
        assert len(lines) == 7
        assert all(shown == visible(shown) for shown in lines)

    @settings(deadline=None)
    @given(hostile.texts)
    def test_indents_every_line_of_a_message(self, text: str) -> None:
        lines = failure_text(replace(RESULT, problems=(toys.problem(text, step=text),)), RUN).split("\n")
        assert all(shown == visible(shown) for shown in lines)
        assert all(shown.startswith("  ") or not shown for shown in lines[1:])


def test_a_finding_names_the_other_scenarios_that_saw_it() -> None:
    text = finding_text(RESULT, toys.problem("no zone", rule="EDIT-2"), RUN, also=("edit.a", "edit.b"))
    assert "\n  Also in edit.a, edit.b\n" in text


class TestAgain:
    def test_quotes_what_a_shell_would_read(self) -> None:
        assert again("edit.no[a b]", RUN) == "chat-parity run targets/toy.yaml 'edit.no[a b]'"

    def test_of_the_embedded_server_names_no_target(self) -> None:
        header = replace(RUN.header, target=replace(RUN.header.target, place=None))
        assert again("edit.no", replace(RUN, header=header)) == "chat-parity run edit.no"

    @pytest.mark.parametrize(
        ("said", "needed"),
        [
            ("run wss://live.example/ws --yes --jobs 4", " --yes"),
            ("compare old live.yaml --yes --folder here", " --yes"),
            ("run --spec 'my spec' --time-scale=2 --trace all --yes", " --spec 'my spec' --time-scale=2 --yes"),
            ("run --spec 'no end", ""),
            ("run " + "edit.no " * 20_000 + "--yes", ""),
        ],
        ids=["yes", "compare", "values", "torn", "endless"],
    )
    def test_keeps_the_options_without_which_it_would_be_another(self, said: str, needed: str) -> None:
        run = replace(RUN, header=replace(RUN.header, command=f"chat-parity {said}"))
        assert again("edit.no", run) == f"chat-parity run targets/toy.yaml edit.no{needed}"
