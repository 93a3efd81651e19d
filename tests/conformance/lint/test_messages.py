"""Message types: each has a feature, a schema, and somebody who sends or expects it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from conformance.lint.messages import (
    places_that_are_never_filled_exist,
    types_are_used,
    types_have_features_and_schemas,
    types_named_by_schemas_exist,
    types_of_the_protocol_exist,
)
from conformance.spec.parts import Part
from tests.conformance.lint.words import SEND, said, without

if TYPE_CHECKING:
    from conformance.spec import Spec
    from tests.conformance.run_contexts import Author


class TestTypes:
    def test_finds_a_schema_whose_type_belongs_to_no_feature(self, spec: Spec) -> None:
        features = {**spec.features, "typing_indicators": replace(spec.features["typing_indicators"], incoming=())}
        (found,) = types_have_features_and_schemas(replace(spec, features=features))
        assert (found.file.name, found.message) == (
            "Typing.json",
            "no feature of features.yaml has the incoming type Typing",
        )

    def test_finds_a_type_of_a_feature_without_a_schema(self, spec: Spec) -> None:
        (found,) = types_have_features_and_schemas(replace(spec, outgoing=without(spec.outgoing, "UserTyping")))
        assert found.message == (
            "the outgoing type UserTyping of typing_indicators has no schema:"
            " messages/outgoing/UserTyping.json is missing"
        )
        assert found.line == spec.features["typing_indicators"].line

    def test_finds_a_reply_and_an_echo_that_do_not_exist(self, spec: Spec) -> None:
        broken = replace(spec, outgoing=without(spec.outgoing, "HistoryChunk", "MessageRead"))
        assert said(types_named_by_schemas_exist(broken)) == [
            "`x-reply`: there is no message type (outgoing) 'HistoryChunk'",
            "`x-echo`: there is no message type (outgoing) 'MessageRead'",
        ]

    def test_finds_a_field_of_an_echo_that_does_not_exist(self, spec: Spec) -> None:
        read = spec.incoming["MarkAsRead"]
        read = replace(read, schema={**read.schema, "x-echo": {"MessageRead": "reader"}})
        assert said(types_named_by_schemas_exist(replace(spec, incoming={"MarkAsRead": read}))) == [
            "`x-echo`: MessageRead has no field 'reader'"
        ]

    def test_finds_a_place_that_is_never_filled_and_does_not_exist(self, spec: Spec) -> None:
        chunk = spec.outgoing["HistoryChunk"]
        chunk = replace(chunk, schema={**chunk.schema, "x-never": {"messages[].deleted": "Why not."}})
        assert said(places_that_are_never_filled_exist(replace(spec, outgoing={"HistoryChunk": chunk}))) == [
            "`x-never`: HistoryChunk has no 'messages[].deleted'"
        ]

    def test_finds_a_type_with_a_role_in_the_protocol_that_does_not_exist(self, spec: Spec) -> None:
        broken = replace(spec, incoming=without(spec.incoming, "Ping"), outgoing=without(spec.outgoing, "Error"))
        assert said(types_of_the_protocol_exist(broken)) == [
            "there is no message type (incoming) 'Ping'",
            "there is no message type (outgoing) 'Error'",
        ]

    def test_finds_a_trial_of_an_extra_field_that_exists(self, spec: Spec) -> None:
        part = Part("SendMessage", "content", "send_message", "NewMessage", extra=True)
        trials = (*spec.protocol.trials, replace(spec.protocol.trials[0], part=part))
        assert said(types_of_the_protocol_exist(replace(spec, protocol=replace(spec.protocol, trials=trials)))) == [
            "a trial is about SendMessage.content, which a request has"
        ]

    def test_finds_a_trial_of_a_field_or_a_feature_that_does_not_exist(self, spec: Spec) -> None:
        part = Part("SendMessage", "pictures", "albums", "NewMessage")
        trials = (*spec.protocol.trials, replace(spec.protocol.trials[0], part=part))
        assert said(types_of_the_protocol_exist(replace(spec, protocol=replace(spec.protocol, trials=trials)))) == [
            "a trial is about SendMessage.pictures, which no request has",
            "the trial of SendMessage.pictures: there is no feature 'albums'",
        ]

    def test_finds_an_unknown_type_that_is_known(self, spec: Spec) -> None:
        broken = replace(spec, protocol=replace(spec.protocol, unknown_type="Ping"))
        assert said(types_of_the_protocol_exist(broken)) == ["`unknown_type` is Ping, which is a type of the protocol"]

    def test_finds_what_nobody_sends_or_expects(self, spec: Spec, scenario: Author) -> None:
        one = scenario(f"""
            steps:
              - {SEND}
              - never: Pong
                at: bob
              - expect_either: [{{frame: NewMessage}}, {{close: [1008]}}]
                at: bob
        """)
        incoming = {name: spec.incoming[name] for name in ("SendMessage", "Ping")}
        outgoing = {name: spec.outgoing[name] for name in ("NewMessage", "Pong")}
        found = types_are_used(replace(spec, scenarios={one.id: one}, incoming=incoming, outgoing=outgoing))
        assert said(found) == ["no scenario sends Ping", "no scenario expects Pong"]
