from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.target.embedded import embedded
from reference_server import connection, content_rules, permissions
from reference_server.handlers import HANDLERS, messages
from reference_server.messages import EditMessage
from tests.faults import report
from tests.faults.examine import Examination, Mode, aimed, examine, sentinels
from tests.faults.matrix import Matrix, Row
from tests.faults.patching import Patch, PatchError
from tests.faults.registry import Fault, all_faults, fault, find_faults, known_faults
from tests.faults.serve import main as serve
from tests.forked import forked

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.spec import Spec

FAULTS = list(all_faults().values())
MOST_LINES = 15
SENTENCE = re.compile(r"[A-Z].+\.")


class TestEveryFault:
    def test_breaks_rules_that_exist(self, spec: Spec):
        assert [one.name for one in FAULTS if not one.breaks] == []
        assert {rule for one in FAULTS for rule in (*one.breaks, *one.also)} - spec.rules.keys() == set()

    def test_is_small(self):
        assert [one.name for one in FAULTS if one.lines > MOST_LINES] == []

    def test_says_in_a_sentence_what_is_wrong(self):
        assert [one.name for one in FAULTS if not SENTENCE.fullmatch(one.sentence)] == []

    @pytest.mark.parametrize("group", sorted({one.group for one in FAULTS}))
    def test_still_finds_in_the_server_what_it_changes(self, group: str):
        for one in FAULTS:
            if one.group == group:
                with Patch() as patch:
                    one.apply(patch)
                    assert patch.changes, one.name


class TestTheRegistry:
    def test_has_a_fault_for_every_rule(self, spec: Spec):
        assert spec.rules.keys() - {rule for one in FAULTS for rule in one.breaks} == set()

    def test_has_no_two_faults_of_one_name(self):
        with pytest.raises(ValueError, match="two faults anybody_edits"):
            fault(breaks=["EDIT-2"])(all_faults()["anybody_edits"].apply)

    def test_finds_faults_by_name_by_file_and_by_rule(self):
        for pattern in ("anybody_edits", "anybody*", "editing", "EDIT-2"):
            assert "anybody_edits" in {one.name for one in find_faults([pattern])}

    def test_knows_when_a_pattern_finds_nothing(self):
        with pytest.raises(LookupError, match="no fault is called 'nobody'"):
            find_faults(["nobody"])


class TestAPatch:
    def test_reaches_every_name_and_table_that_has_the_function(self):
        before = messages.edit_message
        with Patch() as patch:
            patch(messages, "edit_message", "something else")
            assert HANDLERS[EditMessage] == "something else"
            patch(content_rules, "check_content", "no check")
            assert messages.check_content == "no check"
        assert HANDLERS[EditMessage] is messages.edit_message is before
        assert messages.check_content is content_rules.check_content

    def test_wraps_functions_and_properties(self):
        outsider = permissions.Membership(permissions.Visibility.PRIVATE, None)
        with Patch() as patch:

            @patch.around(permissions.Membership, "may")
            def may(original, membership, right):
                return not original(membership, right)

            @patch.around(permissions.Membership, "may_enter_as_member")
            def may_enter(original, membership):
                return not original(membership)

            assert outsider.may(permissions.Right.SEND)
            assert outsider.may_enter_as_member
        assert not outsider.may(permissions.Right.SEND)
        assert not outsider.may_enter_as_member

    def test_rewrites_a_piece_of_a_function(self):
        before = connection.line_of.__code__
        with Patch() as patch:
            patch.rewrite(connection.line_of, "return line", "return 'rewritten', line")
            websocket = type("WebSocket", (), {"scope": {"extensions": {"reference_server.line": 1}}})
            assert connection.line_of(websocket) == ("rewritten", 1)
        assert connection.line_of.__code__ is before

    def test_complains_of_what_is_not_there(self):
        with Patch() as patch:
            with pytest.raises(PatchError, match="has no nothing"):
                patch(messages, "nothing", None)
            with pytest.raises(PatchError, match="has no nothing"):
                patch.around(messages, "nothing")
            with pytest.raises(PatchError, match="0 times"):
                patch.rewrite(messages.edit_message, "nothing", "")


class TestTheChoice:
    def test_of_aimed_scenarios_is_all_of_the_broken_rules(self, whole_spec: Spec):
        fault = all_faults()["anybody_edits"]
        chosen = aimed(fault, whole_spec, Mode())
        assert chosen == [one for one in whole_spec.scenarios.values() if "EDIT-2" in one.rules]
        assert sorted(aimed(fault, whole_spec, Mode(quick=True)), key=lambda one: one.id) == chosen

    def test_of_sentinels_touches_no_broken_feature_and_waits_for_nothing(self, whole_spec: Spec):
        fault = all_faults()["anybody_edits"]
        chosen = sentinels(fault, whole_spec, Mode())
        ids = {one.id for one in chosen}
        assert {one.feature for one in chosen} & fault.touches(whole_spec) == set()
        assert len({one.feature for one in chosen}) == 20
        assert not any(one.exclusive or "slow" in one.tags for one in chosen)
        assert ids > {one.id for one in sentinels(fault, whole_spec, Mode(sentinels=1))}
        assert ids != {one.id for one in sentinels(fault, whole_spec, Mode(turn=1))}

    @pytest.mark.nightly
    def test_of_sentinels_gives_every_quick_scenario_its_turn(self, whole_spec: Spec):
        quick = {one.id for one in whole_spec.scenarios.values() if not one.exclusive and "slow" not in one.tags}
        chosen: set[str] = set()
        for one_fault in known_faults().values():
            chosen |= {one.id for one in sentinels(one_fault, whole_spec, Mode())}
            if chosen >= quick:
                break
        assert chosen == quick


class TestTheMatrix:
    @pytest.fixture
    def fault(self) -> Fault:
        return replace(all_faults()["anybody_edits"], name="a<b>", sentence="A | <script>.", also=("PERM-1",))

    def matrix(self, fault: Fault, found: Examination, spec: Spec, *, quick: bool = False) -> Matrix:
        return Matrix([Row(fault, found)], spec, Mode(quick=quick), 1.0, 1)

    def test_is_green_where_every_fault_is_caught_by_each_rule_that_it_breaks(self, fault: Fault, whole_spec: Spec):
        found = Examination("a<b>", catches=["edit-message.non-author-refused[owner]"], caught_rules={"EDIT-2"})
        matrix = self.matrix(fault, found, whole_spec)
        assert not matrix.red
        assert (matrix.cell(matrix.rows[0], "EDIT-2"), matrix.cell(matrix.rows[0], "PERM-1")) == ("caught", "also")
        assert "edit-message.non-author-refused" not in matrix.unproven_scenarios
        assert "edit-message.non-author-refused[member]" in matrix.unproven

    @pytest.mark.parametrize("found", [{}, {"problem": "It died."}, {"unrelated": {"x": "SEND-1: no"}}])
    def test_is_red_where_one_survives_or_an_unrelated_feature_fails(self, fault: Fault, whole_spec: Spec, found):
        caught = {"catches": ["y"], "caught_rules": {"EDIT-2"}} if "unrelated" in found else {}
        assert self.matrix(fault, Examination("a<b>", **caught, **found), whole_spec).red

    def test_is_red_where_a_rule_said_to_be_broken_is_not_found_broken(self, fault: Fault, whole_spec: Spec):
        wider = replace(fault, breaks=("EDIT-2", "EDIT-3"))
        found = Examination("a<b>", catches=["y"], caught_rules={"EDIT-2"})
        assert self.matrix(wider, found, whole_spec).red
        assert not self.matrix(wider, found, whole_spec, quick=True).red

    def test_is_written_as_pages_in_which_nothing_is_markup_but_ours(
        self, fault: Fault, whole_spec: Spec, tmp_path: Path
    ):
        found = Examination("a<b>", problem="<b>dead</b>", unrelated={"x|y": "<script>alert(1)</script>"})
        report.write(self.matrix(fault, found, whole_spec), tmp_path)
        page, text = (tmp_path / "mutants.html").read_text(), (tmp_path / "mutants.md").read_text()
        assert "<script" not in page
        assert "<b>" not in page
        assert "&lt;script&gt;alert(1)" in page
        assert "src=" not in page
        assert "x\\|y" in text
        assert json.loads((tmp_path / "mutants.json").read_text())["figures"]["survived"] == 1


async def test_a_forked_server_can_be_killed_and_comes_back(spec: Spec):
    async with embedded(spec, forked(serve, "anybody_edits")) as (target, server):
        before = server.instances
        await server.restart()
        assert server.instances == before == target.instances


@pytest.mark.parametrize(("name", "rule"), [("anybody_edits", "EDIT-2"), ("pong_twice", "PING-1")])
def test_the_suite_catches_a_fault_and_leaves_other_features_alone(whole_spec: Spec, name: str, rule: str):
    found = asyncio.run(examine(known_faults()[name], whole_spec, Mode(quick=True, sentinels=1)))
    assert found.problem == ""
    assert found.caught_rules == {rule}
    assert found.unrelated == {}
