"""The ends and refusals of connections: close codes, drops, alternatives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.engine.context.scenario_context import ScenarioContext
    from conformance.scenario import steps as s
    from conformance.wire.connection import Connection


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
