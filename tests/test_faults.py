from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING

import pytest

from reference_server import connection, content_rules, permissions
from reference_server.handlers import HANDLERS, messages
from reference_server.messages import EditMessage
from tests.faults.examine import Manner, examine
from tests.faults.patching import Patch, PatchError
from tests.faults.registry import Fault, all_faults, fault, find_faults

if TYPE_CHECKING:
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

    @pytest.mark.parametrize("one", FAULTS, ids=lambda one: one.name)
    def test_still_finds_in_the_server_what_it_changes(self, one: Fault):
        with Patch() as patch:
            one.apply(patch)
            assert patch.changes


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
        outsider = permissions.Standing(permissions.Visibility.PRIVATE, None)
        with Patch() as patch:

            @patch.around(permissions.Standing, "may")
            def may(original, standing, right):
                return not original(standing, right)

            @patch.around(permissions.Standing, "may_enter_as_member")
            def may_enter(original, standing):
                return not original(standing)

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


def test_the_suite_catches_a_fault_and_leaves_other_features_alone(whole_spec: Spec):
    found = asyncio.run(examine(all_faults()["anybody_edits"], whole_spec, Manner(quick=True, sentinels=1)))
    assert found.problem == ""
    assert found.caught_rules == {"EDIT-2"}
    assert found.unrelated == {}
