"""Finds the answer to a request among the frames that have come since it was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.engine.explore.conversation_run import GRANTED, NONE, REFUSED, Answer

if TYPE_CHECKING:
    from conformance.engine.explore.conversation import Ask
    from conformance.spec import Spec
    from conformance.wire.events import Received


def kinds_of(spec: Spec, ask: Ask) -> frozenset[str]:
    """Give the types of frames that may answer a request; one only, of a refusal, if it has no reply."""
    reply = spec.incoming[ask.type].reply
    return frozenset({spec.protocol.error} | ({reply[spec.protocol.discriminator]} if reply is not None else set()))


def answer_of(spec: Spec, ask: Ask, fresh: dict[str, list[Received]]) -> Answer:
    """Take the reply to a request from the fresh frames of its connection."""
    kinds = kinds_of(spec, ask)
    frames = fresh.get(ask.by, [])
    for index, received in enumerate(frames):
        if received.frame.type in kinds:
            del frames[index]
            refused = received.frame.type == spec.protocol.error
            return Answer(ask, REFUSED if refused else GRANTED, received.frame.value)
    return Answer(ask, NONE if len(kinds) > 1 else GRANTED)
