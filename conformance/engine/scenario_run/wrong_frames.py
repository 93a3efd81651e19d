"""Finds what is wrong with the frames that a server sent, and puts together what is wrong in the same way."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conformance.results.causes import cause

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.engine.context.scenario_context import ScenarioContext
    from conformance.wire.events import Received
    from conformance.wire.frames import Frame

MOST_NAMES = 3
"""Connections that a message names; the rest is counted."""


STRANGER = "a frame of another scenario"


@dataclass(slots=True)
class Wrong:
    """Frames of one scenario run that are wrong in one way: the rule, what is wrong, who got them, and the first.

    `says` stands between who got them and what is wrong. `kind` says what is wrong in words that do not change when
    a message is reworded.
    """

    rule: str
    said: str
    cause: str
    first: Received
    names: dict[str, None] = field(default_factory=dict)
    count: int = 0
    says: str = " got "
    kind: str = ""

    @property
    def message(self) -> str:
        """Say what is wrong, who got such frames, and how many there were."""
        who = ", ".join([*self.names][:MOST_NAMES])
        if len(self.names) > MOST_NAMES:
            who += f" and {len(self.names) - MOST_NAMES} more"
        return f"{who}{self.says}{self.said}" + (f" ({self.count} times)" if self.count > 1 else "")


def wrong_frames(context: ScenarioContext) -> list[Wrong]:
    """Give what is wrong with the frames of the server, in the order in which each thing was first seen."""
    found: dict[tuple[str, str], Wrong] = {}
    for connection in (*context.connections.values(), *context.past):
        for received in connection.log:
            for key, one in _faults(received, context):
                wrong = found.setdefault((one.rule, key), one)
                wrong.names[connection.name] = None
                wrong.count += 1
    return list(found.values())


def _faults(received: Received, context: ScenarioContext) -> Iterator[tuple[str, Wrong]]:
    """Give what is wrong with one frame, each with the key by which such frames are one."""
    protocol = context.run.spec.protocol
    stranger = context.owner_elsewhere(received)
    if stranger is not None:
        if received.frame.type not in context.run.target.ambient:
            said = f"{named(received)} of {stranger}, which ran at the same time"
            yield stranger, Wrong(protocol.isolation_rule, said, STRANGER, received, kind="stranger")
        return
    for rule, said, kind in _broken(received.frame, context):
        same = cause(said, context.connections)
        yield same, Wrong(rule, said, same, received, kind=kind)


def _broken(frame: Frame, context: ScenarioContext) -> Iterator[tuple[str, str, str]]:
    """Give the rules that a frame breaks wherever it belongs, what is wrong, and of which kind that is."""
    protocol = context.run.spec.protocol
    kind = frame.value.get(protocol.discriminator) if frame.value is not None else None
    if frame.problem is not None and isinstance(kind, str) and kind in context.run.spec.incoming:
        said = f"a client's request ({kind}): the server sends clients' requests back"
        yield protocol.malformed_rule, said, f"request {kind}"
    elif frame.problem is not None:
        yield protocol.malformed_rule, f"a wrong frame: {frame.problem}", "unreadable"
    for violation in frame.violations:
        said = f"a wrong {frame.type}: {violation.message}"
        yield violation.rule or protocol.malformed_rule, said, f"{frame.type} {violation.place}"
    if any(secret in frame.text for secret in (*context.run.secrets, *context.names.tokens.values())):
        yield protocol.secret_rule, "a frame with a token in it", "token"


def named(received: Received) -> str:
    """Name a frame by its type, or say why it has none."""
    return received.frame.type or f"a frame that cannot be read ({received.frame.problem})"
