"""Finds the frames that are not compared: where the protocol leaves a server free to send them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.engine.explore.knowledge import CONVERSATION
from conformance.scenario.match_result import Matched
from conformance.scenario.matching import match

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.engine.explore.conversation import Ask
    from conformance.engine.explore.conversation_run import ConversationRun
    from conformance.engine.explore.freedoms import Freedoms, FreeFrame
    from conformance.engine.explore.knowledge import Knowledge
    from conformance.engine.explore.limits import Limits
    from conformance.engine.explore.state import State
    from conformance.spec import Spec


@dataclass(frozen=True, slots=True)
class FreeFrames:
    """What is known about frames that are not compared."""

    spec: Spec
    knowledge: Knowledge
    freedoms: Freedoms
    limits: Limits

    def is_free(self, frame: Mapping[str, Any], who: str, asks: Sequence[Ask], side: ConversationRun) -> bool:
        """Say whether a frame that came to a connection after these requests is not compared."""
        kind = frame.get(self.spec.protocol.discriminator)
        if not self.limits.agree(self.freedoms.echo) and any(
            who == ask.by and kind in self.spec.incoming[ask.type].echo for ask in asks
        ):
            return True
        return any(self._fits(one, frame, kind, who, asks, side) for one in self.freedoms.frames)

    def may_be_timed(self, frame: Mapping[str, Any]) -> bool:
        """Say whether a timer of the server may send such a frame."""
        protocol = self.spec.protocol
        return any(
            frame.get(protocol.discriminator) == one.event.frame and one.event.pattern.items() <= frame.items()
            for one in protocol.expiries
        )

    def revived(self, frame: Mapping[str, Any], who: str, state: State, side: ConversationRun) -> bool:
        """Say whether it comes to a connection of which nobody knows whether it is still subscribed."""
        rooms = {value for value, name in side.names.items() if (who, name) in state.unclear}
        about = {frame.get(name) for name in self.knowledge.named(CONVERSATION)}
        if not rooms & about:
            return False
        room = side.names[next(iter(rooms & about))]
        return state.may(who.partition("@")[0], room, self.spec.protocol.join_right)

    def _fits(
        self,
        one: FreeFrame,
        frame: Mapping[str, Any],
        kind: Any,
        who: str,
        asks: Sequence[Ask],
        side: ConversationRun,
    ) -> bool:
        user = who.partition("@")[0]
        if one.frame != kind or not isinstance(match(dict(one.having), frame), Matched):
            return False
        if one.unless is not None and any(ask.type == one.unless and _is_about(ask, frame, side) for ask in asks):
            return False
        if one.about is not None and frame.get(one.about) != side.users.get(user):
            return False
        if one.by_own and not any(ask.user == user and ask.by != who for ask in asks):
            return False
        return one.profile is None or not self.limits.agree(one.profile)


def _is_about(ask: Ask, frame: Mapping[str, Any], side: ConversationRun) -> bool:
    """Say whether a request names what a frame is about, as far as both have ids of it."""
    both = {name: named for name in ask.fields.keys() & frame.keys() if (named := ask.named(name)) is not None}
    return all(side.names.get(frame[name]) == named for name, named in both.items())
