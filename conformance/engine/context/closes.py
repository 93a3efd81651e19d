"""The ends and refusals of connections: close codes, drops, alternatives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.engine.context.failure import ScenarioError, Spoiled, TooSlow, Unmet

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.engine.context.scenario_context import ScenarioContext
    from conformance.scenario import steps as s
    from conformance.wire.connection import Connection
    from conformance.wire.events import Received

TENDED = 0.9
"""Seconds without a frame of ours after which our own pings are late, and a gateway may end the connection."""


def happened(one: s.Alternative, pattern: Any, connection: Connection, context: ScenarioContext) -> int | None:
    """Give the place in the log where an alternative happened (the end comes after every frame), or None."""
    if one.frame is not None:
        found = context.first(connection, one.frame, pattern)
        return None if found is None else found[0]
    closed = connection.closed
    if closed is None:
        return None
    if one.dropped:
        fits = closed.code is None and not closed.fault
    else:
        fits = closed.code is not None and one_of_codes(closed.code, one.close)
    return len(connection.log) if fits else None


def ending(context: ScenarioContext, connection: Connection) -> str:
    """Say how a connection ended, and whether it may have been idle for too long; empty: it is open."""
    closed = connection.closed
    if closed is None:
        return ""
    return f"; the connection was {closed}{idle_cut(context, connection)}"


def idle_cut(context: ScenarioContext, connection: Connection) -> str:
    """Say what an end after a long silence looks like: a gateway between us and the server may have made it."""
    closed = connection.closed
    if closed is None or not closed.after_silence:
        return ""
    living = context.run.open_connections.living_beside(connection)
    others = f"{living} other{'s' if living != 1 else ''} to that instance lived on" if living else "no other was open"
    return f", and {others}: an idle timeout, of the server or of a gateway before it, looks like this"


def cut_short(
    context: ScenarioContext, connection: Connection, message: str, offender: Received | None = None
) -> ScenarioError:
    """Give the error for what a connection that has ended did not bring."""
    return _excuse(context, connection, message, offender) or Unmet(message, offender)


def excused(context: ScenarioContext, unmet: Unmet) -> ScenarioError | None:
    """Give the error that takes the place of one if any connection of the scenario has ended for want of our pings.

    Who has lost a connection sends nothing, and others get nothing from that user.
    """
    there = [one for name, one in context.connections.items() if name not in context.bystanders]
    found = (_excuse(context, one, unmet.message, unmet.offender) for one in there)
    return next((one for one in found if one is not None), None)


def _excuse(
    context: ScenarioContext, connection: Connection, message: str, offender: Received | None
) -> ScenarioError | None:
    """Say why the end of a connection says nothing of the server.

    That is so where the target forbids the pings that keep a connection in use, or where we were late with them: then
    nobody knows whether the server or a gateway has ended a connection that was silent so long. In a scenario without
    pings, we are late after a rest longer than its pauses.
    """
    closed = connection.closed
    if closed is None or closed.ours:
        return None
    if not context.run.target.keepalive:
        if closed.after_silence:
            return Spoiled(f"{message} (the target says `keepalive: off`, so nothing kept it in use)", offender)
    elif closed.untended > TENDED + (0.0 if connection.keepalive else context.longest_rest):
        return TooSlow(f"{message} (this machine was busy: nothing kept it in use for {closed.untended:.1f} s)")
    return None


def say_alternative(one: s.Alternative) -> str:
    """Describe an alternative in a few words."""
    if one.frame is not None:
        return one.frame
    return "a dropped connection" if one.dropped else f"a close with {' or '.join(one.close)}"


def one_of_codes(code: int, codes: Sequence[str]) -> bool:
    """Compare a close code with codes such as 1008 and 44xx."""
    digits = str(code)
    return any(
        len(one) == len(digits) and all(want in ("x", have) for want, have in zip(one, digits, strict=True))
        for one in codes
    )
