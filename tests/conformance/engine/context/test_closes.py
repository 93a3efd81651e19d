"""Who is to blame for a connection that has ended after a silence: the server, or whoever did not keep it in use."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from conformance.engine.context.closes import TENDED, cut_short, excused
from conformance.engine.context.failure import ScenarioError, Spoiled, TooSlow, Unmet
from conformance.engine.context.open_connections import OpenConnections
from conformance.wire.events import IDLE, Closed


def error_for(closed: Closed, *, pings: bool = True, kept: bool = True, rest: float = 0.0) -> ScenarioError:
    """Give the error for a connection that has ended; `pings`: the target allows them, `kept`: the scenario, too."""
    context: Any = SimpleNamespace(
        run=SimpleNamespace(target=SimpleNamespace(keepalive=pings), open_connections=OpenConnections()),
        longest_rest=rest,
    )
    connection: Any = Mock(closed=closed, keepalive=kept)
    return cut_short(context, connection, "no Pong")


LATE = Closed(None, idle=2 * IDLE, untended=2 * TENDED)


@pytest.mark.parametrize(
    ("closed", "kind"),
    [
        (LATE, TooSlow),
        (Closed(None, idle=2 * IDLE, untended=TENDED / 2), Unmet),
        (Closed(None, idle=IDLE / 2, untended=IDLE / 2), Unmet),
    ],
    ids=["our pings were late", "it was kept in use", "it was in use"],
)
def test_an_end_counts_unless_our_pings_were_late(closed: Closed, kind: type[ScenarioError]) -> None:
    assert type(error_for(closed)) is kind


def test_late_pings_are_said() -> None:
    assert error_for(LATE).message == "no Pong (this machine was busy: nothing kept it in use for 1.8 s)"


def test_nobody_is_to_blame_where_the_target_forbids_pings() -> None:
    assert type(error_for(LATE, pings=False)) is Spoiled


def test_the_server_is_to_blame_where_the_scenario_rests_on_purpose() -> None:
    assert type(error_for(LATE, kept=False, rest=2 * TENDED)) is Unmet


def test_nobody_is_to_blame_where_we_rested_longer_than_the_scenario_says() -> None:
    assert type(error_for(LATE, kept=False, rest=TENDED / 2)) is TooSlow


@pytest.mark.parametrize(("who", "kind"), [("bob", TooSlow), ("unjoined_member", type(None))])
def test_what_bob_did_not_send_because_of_our_late_pings_says_nothing(who: str, kind: type[object]) -> None:
    gone, here = Mock(closed=LATE, keepalive=True), Mock(closed=None)
    context: Any = SimpleNamespace(
        run=SimpleNamespace(target=SimpleNamespace(keepalive=True)),
        connections={"alice": here, who: gone},
        bystanders=frozenset({"unjoined_member"}),
    )
    assert type(excused(context, Unmet("no NewMessage at alice"))) is kind
