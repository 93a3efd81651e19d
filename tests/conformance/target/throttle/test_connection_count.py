from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.target.throttle.connection_count import connection_count, connections_of_one_user

if TYPE_CHECKING:
    from tests.conformance.run_contexts import Author


def test_every_name_of_a_connection_takes_a_seat(scenario: Author) -> None:
    scenario = scenario(
        """
        given: {users: {alice: {}, bob: {}, carol: {connect: false}}, devices: [alice@phone],
                conversations: {lobby: {members: [alice, bob]}}}
        steps:
          - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: "${nonce}"}}
          - {expect: NewMessage, at: bob, with: {content: "${nonce}"}}
          - {disconnect: bob}
          - {connect: bob}
          - {connect: carol}
        """
    )
    assert connection_count(scenario) == 4


def test_a_user_has_as_many_connections_as_are_open_at_once(scenario: Author) -> None:
    scenario = scenario(
        """
        given: {users: [alice, bob], devices: [alice@phone], conversations: {lobby: {members: [alice, bob]}}}
        steps:
          - {disconnect: alice@phone}
          - {connect: alice@tablet}
          - {send: SendMessage, by: alice, with: {conversation_id: "${lobby}", content: "${nonce}"}}
          - {expect: NewMessage, at: bob, with: {content: "${nonce}"}}
          - {connect: bob@phone}
          - {connect: bob@tablet}
          - {connect: bob@watch, token: {missing: true}, refused: true}
        """
    )
    assert connections_of_one_user(scenario) == 3
