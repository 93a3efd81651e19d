"""What the names of an invented conversation mean on one server: ids of what requests create, and where pages go on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.engine.explore.conversation import moment, name_in, names_in
from conformance.engine.explore.conversation_run import GRANTED
from conformance.engine.explore.draw_fields import stand_in
from conformance.engine.explore.knowledge import CONVERSATION
from conformance.target.dialect import nobodys_id

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.engine.context.scenario_context import ScenarioContext
    from conformance.engine.explore.conversation import Ask, Conversation
    from conformance.engine.explore.conversation_run import Answer
    from conformance.engine.explore.knowledge import Knowledge
    from conformance.wire.events import Received


class Bindings:
    """The names that requests bind; each means nobody's id until then."""

    def __init__(self, context: ScenarioContext, knowledge: Knowledge, conversation: Conversation) -> None:
        self._context = context
        self._knowledge = knowledge
        self._spec = context.run.spec
        self._slots = frozenset(_slots(conversation))
        self._made: dict[str, str] = {}
        self._bound: set[str] = set()

    def begin(self) -> None:
        """Let every name mean nobody's id, or the beginning of time."""
        nobody = nobodys_id(self._context.run.target.dialect)
        self._context.names.bind({name: stand_in(name) or nobody for name in self._slots})

    def names(self) -> dict[str, str]:
        """Map each id to its name."""
        context = self._context
        pairs = {**context.users, **context.conversations, **self._made}
        return {value: name for name, value in pairs.items()}

    def unbound(self, ask: Ask) -> frozenset[str]:
        """Give the names in a request of what this server has not made."""
        named = (name_in(value) for value in ask.fields.values())
        return frozenset(name for name in named if name in self._slots and name not in self._bound)

    def known(self, ask: Ask) -> dict[str, Any]:
        """Give the fields of a request, without optional ones that go on where a last page ended."""
        unbound, fields = self.unbound(ask), self._knowledge.fields
        return {
            key: value
            for key, value in ask.fields.items()
            if name_in(value) not in unbound or key not in fields or not fields[key].goes_on
        }

    def bind(self, answer: Answer, events: Iterable[Received]) -> bool:
        """Bind the name of what a request has created, or of where its next page begins.

        False: the event that tells of what was created is not among the `events`.
        """
        ask, use = answer.ask, self._knowledge.requests[answer.ask.type]
        if ask.slot is None or answer.how != GRANTED:
            return True
        if use.creates is None:
            follow = next(iter(use.view.follow), None) if use.view is not None else None
            value = answer.frame.get(follow) if follow is not None and isinstance(answer.frame, dict) else None
            if isinstance(value, str):
                self._context.names.bind({ask.slot: value})
                self._bound.add(ask.slot)
            return True
        made = self._made_by(ask, events)
        if made is None:
            return False
        identity, at = made.get(use.creates.id), made.get(use.creates.moment)
        if isinstance(identity, str):
            self._made[ask.slot] = identity
            self._context.names.bind({ask.slot: identity, moment(ask.slot): at})
            self._bound |= {ask.slot, moment(ask.slot)}
        return True

    def _made_by(self, ask: Ask, events: Iterable[Received]) -> dict[str, Any] | None:
        """Find the event that tells of what a request has created; two alike are taken in turn."""
        creates = self._knowledge.requests[ask.type].creates
        assert creates is not None
        actor = self._spec.incoming[ask.type].echo.get(creates.event)
        sent = self._context.names.value(dict(ask.fields))
        rooms = self._knowledge.named(CONVERSATION)
        taken = {*self._made.values()}
        best: tuple[int, dict[str, Any]] | None = None
        for received in events:
            value = received.frame.value or {}
            identity = value.get(creates.id)
            if received.frame.type != creates.event or (isinstance(identity, str) and identity in taken):
                continue
            if actor is not None and value.get(actor) != self._context.users[ask.user]:
                continue
            if any(value.get(name) != sent.get(name) for name in rooms if name in sent):
                continue
            alike = sum(value.get(name) == sent.get(name) for name in creates.same)
            if best is None or alike > best[0]:
                best = alike, value
        return best and best[1]


def _slots(conversation: Conversation) -> list[str]:
    slots = [ask.slot for ask in conversation.asks if ask.slot is not None]
    known = {*conversation.users, *conversation.rooms, *conversation.unknown}
    named = {name for ask in conversation.asks for name in names_in(ask.fields) if "." not in name} - known
    return [*dict.fromkeys([*slots, *(moment(one) for one in slots), *sorted(named)])]
