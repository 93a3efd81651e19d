"""Writes a finding as a scenario: the steps of the conversation, and after each what the other server sent.

So the scenario fails where the tested server differs, and passes on the other one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from conformance.engine.explore.conversation import (
    Arrive,
    Backlog,
    Burst,
    Depart,
    Flood,
    Grant,
    Knock,
    Pause,
    Race,
    RawMessage,
    Walk,
    asks_of,
    moment,
    names_in,
)
from conformance.engine.explore.conversation_run import GRANTED, REFUSED
from conformance.engine.explore.differ_odd import odd_cell
from conformance.engine.explore.draw_fields import stand_in
from conformance.engine.explore.free_frames import FreeFrames
from conformance.engine.explore.freedoms import END
from conformance.engine.explore.normal import ID, SOMETHING, TIME, items, normal_of
from conformance.engine.explore.run_odd import PING
from conformance.engine.explore.written import (
    Dumper,
    flooded,
    flooding,
    given,
    gone,
    in_short,
    send,
    with_words,
    without,
    without_absent,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.engine.explore.conversation import Ask, Step
    from conformance.engine.explore.conversation_run import Answer, ConversationRun, Seen
    from conformance.engine.explore.differ import Comparer
    from conformance.engine.explore.findings import Finding, Shown
    from conformance.engine.explore.normal import Normal
    from conformance.target import Target
    from conformance.wire.events import Closed

WIDTH = 120
_NOTHING = object()


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes scenarios; `other` is the server whose frames they expect."""

    comparer: Comparer
    other: Target

    def text(self, finding: Finding, tested: str) -> str:
        """Give the YAML of a finding's scenario; `tested` names the server that it was found on."""
        shown = finding.shown
        head = (
            f"# Found by `chat-parity explore`: {shown.explanation}.\n"
            f"# It expects what {self.other.name} does; {tested} does something else.\n"
        )
        dumped = yaml.dump(self._document(finding), Dumper=Dumper, sort_keys=False, allow_unicode=True, width=WIDTH)
        return head + dumped

    def _document(self, finding: Finding) -> dict[str, Any]:
        shown, spec = finding.shown, self.comparer.spec
        rule = spec.rules[shown.cause.rule]
        conversation = shown.conversation
        last = shown.difference.step + 1 if shown.difference is not None else len(conversation.steps)
        arriving = [step.place for step in conversation.steps[:last] if isinstance(step, Arrive)]
        places = [place for place in (*conversation.users.values(), *conversation.devices.values(), *arriving) if place]
        document: dict[str, Any] = {
            "id": f"explored.{finding.id}",
            "title": f"What {self.other.name} does after {shown.cause.request or 'this'}, every server does",
            "feature": rule.features[0],
            "rules": [rule.id],
        }
        if any(isinstance(step, Flood) for step in conversation.steps[:last]):
            document["exclusive"] = True
        if max(places, default=1) > 1:
            document["needs"] = {"instances": max(places)}
        document["given"] = given(conversation, several=max(places, default=1) > 1)
        everybody = (*conversation.users, *conversation.devices)
        allowed = self._allowed(shown, last) + flooded(conversation.steps[:last], spec, everybody)
        if allowed:
            document["allow"] = allowed
        normal = normal_of(shown.other.names, self.comparer.known, self.comparer.knowledge, spec)
        pairs = list(zip(conversation.steps[:last], shown.other.steps[:last], strict=False))
        bound: set[str] = set()
        document["steps"] = [
            one
            for step, seen, absent in without_absent(pairs)
            for one in self._steps(step, seen, normal, bound, shown.other, absent)
        ]
        known = {*conversation.users, *conversation.rooms, *bound}
        named = {name for step, _ in pairs for ask in asks_of(step) for name in names_in(ask.fields) if "." not in name}
        document["given"]["unknown"] = sorted(
            {*conversation.unknown, *(one for one in named - known if stand_in(one) is None)}
        )
        missing = {f"${{{one}}}": word for one in named - known if (word := stand_in(one)) is not None}
        optional = frozenset(name for name, one in self.comparer.knowledge.fields.items() if one.goes_on)
        document["steps"] = [with_words(one, missing, optional) for one in document["steps"]]
        return document

    def _steps(
        self,
        step: Step | None,
        seen: Seen,
        normal: Normal,
        bound: set[str],
        ran: ConversationRun,
        absent: frozenset[str],
    ) -> Iterator[dict[str, Any]]:
        if isinstance(step, Walk):
            yield from self._walk(seen.answers[0], normal, f"all{len(bound)}")
        elif step is not None:
            yield from self._acts(step)
        created = [answer.ask for answer in seen.answers if answer.how == GRANTED and answer.ask.slot is not None]
        for who, frames in seen.events.items():
            for frame in frames:
                kind = frame.get(normal.discriminator)
                if kind in self.comparer.spec.outgoing and not self._is_free(frame, who, seen, ran):
                    yield {"expect": kind, "at": who, "with": self._event(frame, normal, created, bound)}
        if not isinstance(step, Walk):  # After the events: an answer may show what an event has named.
            for answer in seen.answers:
                yield from self._answer(answer, normal, bound)
        if isinstance(step, RawMessage) and step.who in seen.ended:
            yield {"expect_close": step.who, **self._ending(step, seen.ended[step.who])}
        elif isinstance(step, RawMessage):
            yield {"sync": [step.who]}
            yield {"disconnect": step.who}
        unanswered = {answer.ask.by for answer in seen.answers if answer.frame is None} - gone(step) - absent
        if unanswered:
            yield {"sync": sorted(unanswered)}

    def _allowed(self, shown: Shown, last: int) -> list[dict[str, Any]]:
        """Give the frames that may come and need not: where one that is free came, and those that a timer may send."""
        name = self.comparer.spec.protocol.discriminator
        free: dict[str, set[str]] = {}
        kinds: set[Any] = set()
        for ran in (shown.tested, shown.other):
            for seen in ran.steps[:last]:
                for who, frame in ((who, frame) for who, some in seen.events.items() for frame in some):
                    kinds.add(frame.get(name))
                    if self._is_free(frame, who, seen, ran):
                        free.setdefault(str(frame[name]), set()).add(who)
        timed = [one for one in self.comparer.freedoms.frames if one.having and one.frame in kinds]
        return [
            *({"frame": kind, "at": sorted(some)} for kind, some in sorted(free.items())),
            *({"frame": one.frame, "with": dict(one.having)} for one in timed),
        ]

    def _is_free(self, frame: Mapping[str, Any], who: str, seen: Seen, ran: ConversationRun) -> bool:
        one = self.comparer
        free = FreeFrames(one.spec, one.knowledge, one.freedoms, one.limits)
        return free.is_free(frame, who, asks_of(seen.step), ran) or (seen.overdue and free.may_be_timed(frame))

    def _acts(self, step: Step) -> Iterator[dict[str, Any]]:
        """Write what is done, without what it leads to."""
        match step:
            case Burst():
                yield from (send(ask) for ask in step.asks)
            case Race():
                senders = dict.fromkeys(ask.by for ask in step.asks)
                yield {"together": [[send(ask) for ask in step.asks if ask.by == one] for one in senders]}
            case RawMessage():
                yield {"connect": step.who}
                yield {**(step.body if PING in step.body else {"send_raw": dict(step.body)}), "by": step.who}
            case Knock():
                yield {"connect": step.who, "token": dict(step.token), "refused": True}
            case Arrive():
                yield {"connect": step.who, **({"instance": step.place} if step.place else {}), **step.handshake}
            case Depart():
                yield from (send(ask) for ask in step.last)
                yield {"disconnect": step.who} | ({"how": "drop"} if step.drop else {})
            case Backlog():
                yield {"stop_reading": step.who}
                yield from (send(ask) for ask in step.asks)
                yield {"sync": sorted({ask.by for ask in step.asks})}
                yield {"resume_reading": step.who}
            case Flood():
                yield from flooding(step, self.comparer.spec.protocol.error)
            case Pause():
                yield {"pause": step.timer}
            case Grant():
                change = {"conversation": step.room, "user": step.user}
                outside = step.role == self.comparer.spec.protocol.no_member
                yield {"provision": {"remove": change} if outside else {"role": {**change, "role": step.role}}}

    def _answer(self, answer: Answer, normal: Normal, bound: set[str]) -> Iterator[dict[str, Any]]:
        spec, ask = self.comparer.spec, answer.ask
        if answer.how == REFUSED:
            pattern = self._no_mistake(answer.frame)
            yield {"expect": spec.protocol.error, "at": ask.by} | ({"with": pattern} if pattern else {})
        elif answer.how == GRANTED and isinstance(answer.frame, dict):
            view = self.comparer.knowledge.requests[ask.type].view
            pattern = self._pattern(normal.frame(answer.frame))
            if view is not None:
                listed = [self._pattern(normal.frame(one)) for one in items((answer.frame,), view, self.other, spec)]
                everything = listed if view.order is None else {"$chronological": {view.order: listed}}
                tombs = view.tombstone is not None and len(listed) != len(answer.frame.get(view.items, ()))
                pattern = {**pattern, view.items: everything} if not tombs else without(pattern, view.items)
                if view.follow and ask.slot is not None and answer.frame.get(next(iter(view.follow))) is not None:
                    pattern[next(iter(view.follow))] = {"$capture": ask.slot}
                    bound.add(ask.slot)
            yield {"expect": answer.frame[normal.discriminator], "at": ask.by, "with": pattern}

    def _walk(self, answer: Answer, normal: Normal, name: str) -> Iterator[dict[str, Any]]:
        spec, ask = self.comparer.spec, answer.ask
        view, reply = self.comparer.knowledge.requests[ask.type].view, spec.incoming[ask.type].reply
        assert view is not None
        assert reply is not None
        yield {
            "page": ask.type,
            "by": ask.by,
            "with": dict(ask.fields),
            "reply": reply[normal.discriminator],
            "follow": dict(view.follow),
            "while": {view.more: True},
            "collect": {view.items: name},
        }
        listed = [self._pattern(normal.frame(one)) for one in items(answer.pages, view, self.other, spec)]
        if view.tombstone is None:
            everything = listed if view.order is None else {"$chronological": {view.order: listed}}
            yield {"check": f"${{{name}}}", "is": everything}

    def _event(self, frame: Mapping[str, Any], normal: Normal, created: list[Ask], bound: set[str]) -> dict[str, Any]:
        pattern: dict[str, Any] = {**self._pattern(normal.frame(frame)), **self._no_mistake(frame)}
        for ask in created:
            creates = self.comparer.knowledge.requests[ask.type].creates
            name = pattern.get(creates.id) if creates is not None else None
            if creates is None or name != f"${{{ask.slot}}}" or frame.get(normal.discriminator) != creates.event:
                continue
            if ask.slot not in bound:
                bound |= {str(ask.slot), moment(str(ask.slot))}
                pattern[creates.id] = {"$capture": ask.slot}
                pattern[creates.moment] = {"$capture": moment(str(ask.slot))}
        return pattern

    def _no_mistake(self, frame: Any) -> dict[str, Any]:
        """Give the pattern of an answer that does not call a client's mistake one of the server's."""
        mistaken = self.comparer.knowledge.mistaken
        if mistaken is None or not isinstance(frame, dict):
            return {}
        if frame.get(self.comparer.spec.protocol.discriminator) != mistaken.frame:
            return {}
        said = frame.get(mistaken.field)
        return {} if said in (None, mistaken.value) else {mistaken.field: {"$not": mistaken.value}}

    def _ending(self, step: RawMessage, ended: Closed) -> dict[str, Any]:
        """Give how a connection must end: with the same code, unless the protocol leaves that free."""
        cell = odd_cell(step)
        free = cell is not None and self.comparer.freedoms.of([cell], END) is not None
        return {"or_dropped": True} if free or ended.code is None else {"codes": [ended.code]}

    def _pattern(self, value: Any) -> Any:
        """Turn a normalised value into a pattern; what only this server knows is left out."""
        found = self._part(value)
        if isinstance(found, dict):
            found.pop(self.comparer.spec.protocol.discriminator, None)
        return found

    def _part(self, value: Any) -> Any:
        if isinstance(value, str):
            if value in (ID, TIME, SOMETHING):
                return _NOTHING
            if value.startswith("⟨") and value.endswith("⟩"):
                return f"${{{value[1:-1]}}}"
            return in_short(value)
        if isinstance(value, dict):
            parts = {key: self._part(one) for key, one in value.items()}
            return {key: one for key, one in parts.items() if one is not _NOTHING}
        if isinstance(value, list):
            return [one for one in map(self._part, value) if one is not _NOTHING]
        return value
