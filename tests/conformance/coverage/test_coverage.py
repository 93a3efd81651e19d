"""Coverage of toy runs of the real protocol: what counts, what does not, and the reason that is given."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from conformance.coverage import Coverage, Item, Part, measure
from conformance.coverage.places import filled, places
from conformance.coverage.render import document, markdown, text
from conformance.files.documents import read_json
from conformance.results.model import Entry, Outcome
from tests.conformance.report import toys

if TYPE_CHECKING:
    from conformance.results.runlog import Run
    from conformance.spec import Spec
    from tests.conformance.run_contexts import Author

ID = "4b1f6c1e-8a55-4d0b-9a39-0c7d4f0e2a11"
OFFER = {"type": "CallOffer", "conversation_id": ID, "target_user_id": ID, "sdp": "v=0"}
MESSAGE = {
    "message_id": ID,
    "conversation_id": ID,
    "sender_id": ID,
    "content": "hello",
    "attachments": [],
    "reactions": [],
    "created_at": "2026-02-22T20:49:32Z",
    "edited_at": None,
}
ERROR = {"type": "Error", "message": "no"}
CHUNK = {"type": "HistoryChunk", "conversation_id": ID, "messages": [MESSAGE], "has_more": False}


@pytest.fixture(scope="module")
def common(spec: Spec) -> dict[str, Any]:
    return read_json(spec.folder / "messages" / "common.json")


def sent(frame: dict[str, Any], note: str = "") -> Entry:
    return Entry(0.0, "alice", "→", frame, note)


def received(frame: dict[str, Any], note: str = "") -> Entry:
    return Entry(0.0, "alice", "←", frame, note)


def run_of(*entries: Entry, spec: Spec, outcome: Outcome = Outcome.PASS) -> Run:
    """Give a complete run of one scenario with this transcript, by this spec."""
    entry = toys.scenario("edit.one", ("EDIT-1",))
    run = toys.run(toys.header((toys.rule("EDIT-1"),), (entry,)), toys.result(entry, outcome, transcript=entries))
    return replace(run, header=replace(run.header, spec=replace(run.header.spec, digest=spec.digest)))


def part(coverage: Coverage, name: str) -> Part:
    return next(part for part in coverage.parts if part.name == name)


def why(coverage: Coverage, name: str, item: str) -> str:
    """Give the reason of an item, empty when it is covered."""
    return next(one.reason for one in part(coverage, name).items if one.name == item)


class TestPlaces:
    def test_are_found_at_any_depth_through_shared_definitions(self, spec: Spec, common: dict[str, Any]) -> None:
        found = {place.path: place for place in places(spec.outgoing["HistoryChunk"].schema, common, "type")}
        assert {"messages", "messages[].reactions[].user_ids", "messages[].attachments[].width"} < found.keys()
        assert "type" not in found
        assert found["messages[].attachments[].width"].inside == "messages[].attachments[]"
        assert found["messages[].attachments[].width"].optional
        assert not found["messages[].content"].optional

    def test_know_their_values(self, spec: Spec, common: dict[str, Any]) -> None:
        found = {place.path: place for place in places(spec.incoming["CallOffer"].schema, common, "type")}
        assert found["call_type"].values == ("audio", "video")
        assert found["call_type"].optional

    def test_are_filled_by_what_a_frame_holds(self, spec: Spec, common: dict[str, Any]) -> None:
        found = dict(filled(CHUNK, spec.outgoing["HistoryChunk"].schema, common))
        assert found["messages[].content"] == "hello"
        assert found["messages[].edited_at"] is None
        assert "next_cursor" not in found

    def test_are_not_filled_by_what_has_another_shape(self, spec: Spec, common: dict[str, Any]) -> None:
        found = dict(filled({**CHUNK, "messages": "[{…"}, spec.outgoing["HistoryChunk"].schema, common))
        assert found == {"type": "HistoryChunk", "conversation_id": ID, "messages": "[{…", "has_more": False}


class TestTypesAndProperties:
    def test_tell_the_two_directions_apart(self, spec: Spec, common: dict[str, Any]) -> None:
        coverage = measure(run_of(sent(OFFER), spec=spec), spec, common)
        assert why(coverage, "incoming message types", "CallOffer") == ""
        assert why(coverage, "outgoing message types", "CallOffer") == "none was received that fits its schema"
        assert why(coverage, "properties of incoming messages", "CallOffer.sdp") == ""
        assert why(coverage, "properties of outgoing messages", "CallOffer.sdp") == "no CallOffer was received"

    def test_count_only_frames_that_fit_their_schema(self, spec: Spec, common: dict[str, Any]) -> None:
        coverage = measure(run_of(sent({**OFFER, "sdp": 5}), spec=spec), spec, common)
        assert why(coverage, "incoming message types", "CallOffer") == "none was sent that fits its schema"
        assert why(coverage, "properties of incoming messages", "CallOffer.sdp") == "no CallOffer was sent"

    def test_say_why_a_property_is_missing(self, spec: Spec, common: dict[str, Any]) -> None:
        coverage = measure(run_of(sent(OFFER), received(CHUNK), spec=spec), spec, common)
        incoming, outgoing = "properties of incoming messages", "properties of outgoing messages"
        assert why(coverage, incoming, "CallOffer.call_type") == "optional, and in no frame"
        assert why(coverage, outgoing, "HistoryChunk.messages[].edited_at") == "it was always null"
        assert (
            why(coverage, outgoing, "HistoryChunk.messages[].reactions[].emoji")
            == "messages[].reactions was always empty"
        )

    def test_count_only_the_outermost_fields_of_a_shortened_frame(self, spec: Spec, common: dict[str, Any]) -> None:
        long = received({**CHUNK, "messages": '[{"message_id": …'}, "shortened from 9000 characters")
        coverage = measure(run_of(long, spec=spec), spec, common)
        name = "properties of outgoing messages"
        assert why(coverage, name, "HistoryChunk.messages") == ""
        assert why(coverage, name, "HistoryChunk.messages[].content") == (
            "messages was always empty; 1 long ones are kept without what is inside"
        )
        assert "1 long frames are shortened in the log" in " ".join(coverage.notes)

    def test_have_an_excuse_where_no_right_server_fills_them(self, spec: Spec, common: dict[str, Any]) -> None:
        name = "properties of outgoing messages"
        place = "HistoryChunk.messages[].deleted_at"
        coverage = measure(run_of(received(CHUNK), spec=spec), spec, common)
        excused = next(item for item in part(coverage, name).missing if item.name == place)
        assert excused.excuse.startswith("DEL-1: ")
        assert excused not in coverage.lacking
        assert place in text(coverage)

    def test_say_when_one_was_filled_that_never_is(self, spec: Spec, common: dict[str, Any]) -> None:
        tombstone = {**MESSAGE, "deleted_at": MESSAGE["created_at"]}
        coverage = measure(run_of(received({**CHUNK, "messages": [tombstone]}), spec=spec), spec, common)
        assert coverage.notes == ("HistoryChunk.messages[].deleted_at is said never to be filled (x-never), and was.",)

    def test_say_which_values_were_seen_instead(self, spec: Spec, common: dict[str, Any]) -> None:
        coverage = measure(run_of(sent({**OFFER, "call_type": "audio"}), spec=spec), spec, common)
        name = "values of incoming messages"
        assert why(coverage, name, "CallOffer.call_type = audio") == ""
        assert why(coverage, name, "CallOffer.call_type = video") == "it was only audio"
        assert (
            why(coverage, "values of outgoing messages", "CallOffer.call_type = video") == "the property was not seen"
        )

    def test_ignore_what_is_no_message(self, spec: Spec, common: dict[str, Any]) -> None:
        odd = [sent({"type": "Nonsense"}), sent({"type": 5}), Entry(0.0, "alice", "·", None, "connected")]
        coverage = measure(run_of(*odd, spec=spec), spec, common)
        assert all(not item.covered for item in part(coverage, "incoming message types").items)


class TestCodes:
    def test_are_those_of_examples_and_scenarios_and_those_that_came(
        self, spec: Spec, common: dict[str, Any], scenario: Author
    ) -> None:
        named = scenario("""
            steps:
              - {expect: Error, at: bob, with: {code: {$one_of: [conflict, {$not: internal}]}}}
              - {expect_either: [{frame: Error, with: {code: too_large}}, {dropped: true}], at: bob}
        """)
        wider = replace(spec, scenarios={named.id: named})
        run = run_of(received({**ERROR, "code": "odd"}), received(ERROR), spec=wider)
        items = part(measure(run, wider, common), "error codes").items
        assert {item.name for item in items} >= {"conflict", "too_large", "odd", "forbidden"}
        assert "internal" not in {item.name for item in items}
        assert {item.name for item in items if item.covered} == {"odd"}
        assert {item.reason for item in items if not item.covered} == {"no error had it"}

    def test_say_when_the_server_has_none(self, spec: Spec, common: dict[str, Any]) -> None:
        items = part(measure(run_of(received(ERROR), spec=spec), spec, common), "error codes").items
        assert {item.reason for item in items} == {"no error had any code"}


class TestRules:
    @pytest.mark.parametrize("outcome", [Outcome.PASS, Outcome.FAIL])
    def test_are_covered_once_judged(self, spec: Spec, common: dict[str, Any], outcome: Outcome) -> None:
        assert part(measure(run_of(spec=spec, outcome=outcome), spec, common), "must rules").missing == ()

    def test_are_not_covered_by_what_says_nothing(self, spec: Spec, common: dict[str, Any]) -> None:
        coverage = measure(run_of(spec=spec, outcome=Outcome.UNTESTABLE), spec, common)
        assert why(coverage, "must rules", "EDIT-1") == "its scenarios ended untestable: edit.one is UNTESTABLE"

    def test_are_counted_in_each_of_their_features(self, spec: Spec, common: dict[str, Any]) -> None:
        one = toys.scenario("edit.one", ("R-1", "R-3"))
        rules = (toys.rule("R-1", features=("edit", "drop")), toys.rule("R-2"), toys.rule("R-3", "should"))
        coverage = measure(toys.run(toys.header(rules, (one,))), spec, common)
        assert part(coverage, "must rules").missing == (
            Item("R-1 in edit", "none of its scenarios was run"),
            Item("R-2", "no scenario proves it"),
            Item("R-1 in drop", "no scenario proves it"),
        )
        assert [item.name for item in part(coverage, "should rules").items] == ["R-3"]


class TestWhatIsNotKnown:
    def test_is_a_result_without_transcript(self, spec: Spec, common: dict[str, Any]) -> None:
        coverage = measure(run_of(spec=spec), spec, common)
        assert not coverage.traced
        assert coverage.notes == (
            "1 of 1 results have no transcript, so the figures of types, properties, values and codes are too low:"
            " run with --trace all.",
        )

    def test_is_not_a_scenario_that_does_not_apply(self, spec: Spec, common: dict[str, Any]) -> None:
        assert measure(run_of(spec=spec, outcome=Outcome.NOT_APPLICABLE), spec, common).traced

    def test_is_the_beginning_of_a_long_transcript(self, spec: Spec, common: dict[str, Any]) -> None:
        run = run_of(Entry(0.0, "", "·", None, "3 earlier lines are left out"), sent(OFFER), spec=spec)
        assert measure(run, spec, common).notes == (
            "1 long transcripts have lost their beginning: what was only there is not counted.",
        )

    def test_is_the_rest_of_a_run_that_was_cut_off(self, spec: Spec, common: dict[str, Any]) -> None:
        coverage = measure(replace(run_of(sent(OFFER), spec=spec), footer=None), spec, common)
        assert not coverage.complete
        assert coverage.notes == ("The run is not complete (its log has no end): more might have been covered.",)

    def test_is_another_spec(self, spec: Spec, common: dict[str, Any]) -> None:
        run = run_of(sent(OFFER), spec=replace(spec, digest="sha256:other"))
        assert "judged by another spec" in measure(run, spec, common).notes[0]


class TestTheExitCode:
    RULES = Part("must rules", (Item("R-1", "not run"),), traced=False)
    TYPES = Part("types", (Item("T", "not seen"),))
    EXCUSED = Part("places", (Item("P", "always null", "No right server fills it."), Item("Q")))

    @pytest.mark.parametrize(
        ("parts", "complete", "traced", "code"),
        [
            ((EXCUSED,), True, True, 0),
            ((EXCUSED,), False, False, 0),
            ((TYPES, EXCUSED), True, True, 1),
            ((TYPES,), True, False, 3),
            ((TYPES, RULES), True, False, 1),
            ((RULES,), False, True, 3),
        ],
    )
    def test_says_only_what_is_known(self, parts: tuple[Part, ...], complete: bool, traced: bool, code: int) -> None:
        assert Coverage("toy", "now", parts, complete=complete, traced=traced).exit_code == code


class TestViews:
    COVERAGE = Coverage(
        "a | toy",
        "2026",
        (
            Part("rules", (Item("R-1"), Item("R-2", "not | run"), Item("R-3"))),
            Part("codes", ()),
            Part("places", (Item("P", "always null", "No right server fills it."),)),
        ),
        ("It was short.",),
    )

    def test_text(self) -> None:
        assert text(self.COVERAGE) == (
            "Coverage of a | toy · 2026\n"
            "Note: It was short.\n"
            "\n"
            "rules   2 of 3, 66.6 %\n"
            "codes   0 of 0\n"
            "places  0 of 1, 0.0 %\n"
            "\n"
            "Not covered: rules\n"
            "  R-2  not | run\n"
            "\n"
            "Not covered: places\n"
            "  P  No right server fills it; always null\n"
        )

    def test_markdown(self) -> None:
        page = markdown(self.COVERAGE)
        assert "| rules | 2 of 3, 66.6 % |" in page
        assert "| R-2 | not \\| run |" in page

    def test_json(self) -> None:
        assert document(self.COVERAGE)["parts"][0] == {
            "name": "rules",
            "total": 3,
            "covered": 2,
            "missing": [{"name": "R-2", "reason": "not | run", "excuse": ""}],
        }
