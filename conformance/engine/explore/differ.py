"""Compares what two servers did with the same conversation, and gives the first difference that is not free."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from conformance.engine.explore.conversation import (
    Ask,
    Backlog,
    Burst,
    Depart,
    Race,
    RawMessage,
    Walk,
    asks_of,
)
from conformance.engine.explore.conversation_run import GRANTED, NONE
from conformance.engine.explore.differ_odd import (
    flood_ends,
    mistaken_answer,
    odd_cell,
    odd_differences,
    rule_of,
    word_of,
)
from conformance.engine.explore.difference import EVENT, REPLY, Compared, Difference, Labels, unlike, where
from conformance.engine.explore.free_frames import FreeFrames
from conformance.engine.explore.freedoms import ANSWER, END, EVENTS, MISTAKE, REVIVAL
from conformance.engine.explore.normal import items, normal_of, oldest_first, without_order, written
from conformance.engine.explore.state import beginning

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.engine.explore.conversation import Conversation, Step
    from conformance.engine.explore.conversation_run import Answer, ConversationRun, Seen
    from conformance.engine.explore.freedoms import Freedoms
    from conformance.engine.explore.knowledge import Knowledge
    from conformance.engine.explore.limits import Limits
    from conformance.engine.explore.normal import Normal
    from conformance.engine.explore.state import State
    from conformance.spec import Spec


@dataclass(frozen=True, slots=True)
class Comparer:
    """What every comparison of an exploration needs; `known` has the names of the fields of each type."""

    spec: Spec
    knowledge: Knowledge
    freedoms: Freedoms
    limits: Limits
    known: Mapping[str, frozenset[str]]

    def compare(self, conversation: Conversation, tested: ConversationRun, other: ConversationRun) -> Compared:
        """Compare the two sides of a conversation step by step."""
        return _Comparison(self, conversation, tested, other).result()

    @property
    def least_page(self) -> int:
        """The smallest default size of any page."""
        sizes = [self.limits.least(one.page[0]) for one in self.knowledge.requests.values() if one.page is not None]
        return min((one for one in sizes if one is not None), default=1)


@dataclass(slots=True)
class _Comparison:
    comparer: Comparer
    conversation: Conversation
    tested: ConversationRun
    other: ConversationRun
    cells: list[tuple[str, Labels]] = field(default_factory=list)
    freed: list[str] = field(default_factory=list)
    asks: list[Ask] = field(default_factory=list)
    asked: list[tuple[str, Labels]] = field(default_factory=list)

    def result(self) -> Compared:
        one = self.comparer
        state = beginning(self.conversation, one.spec.protocol, one.knowledge)
        # What only one server has told of has no name on either: without an echo, nobody may hear of a message.
        shared = {*self.tested.names.values()} & {*self.other.names.values()}
        named = [
            {value: name for value, name in side.names.items() if name in shared} for side in (self.tested, self.other)
        ]
        normals = tuple(normal_of(names, one.known, one.knowledge, one.spec) for names in named)
        for index, step in enumerate(self.conversation.steps):
            if index >= len(self.other.steps):
                return self._end(None)
            if index >= len(self.tested.steps):
                return self._end(self._cut_short(index, step))
            pair = self.tested.steps[index], self.other.steps[index]
            difference, parts = self._step(index, step, pair, normals, state)
            if difference is not None or parts:
                return self._end(difference, parted=parts)
            self._move(step, pair[1], state)
        return self._end(None)

    def _end(self, difference: Difference | None, *, parted: bool = False) -> Compared:
        return Compared(difference, tuple(self.cells), tuple(dict.fromkeys(self.freed)), parted)

    def _cut_short(self, index: int, step: Step) -> Difference | None:
        if not self.tested.stopped:
            return None
        asked = asks_of(step)
        clients = self.conversation.users  # A cause is the same whoever shows it.
        said = " ".join(
            "a client" if one.partition("@")[0] in clients else one for one in self.tested.stopped.split(" ")
        )
        kind = f"it does not come to this step: {said}"
        rule = self.comparer.spec.protocol.greeting_rule
        return Difference(index, "", asked[0].type if asked else "", kind, rule, missing=REPLY)

    def _step(
        self, index: int, step: Step, pair: tuple[Seen, Seen], normals: tuple[Normal, ...], state: State
    ) -> tuple[Difference | None, bool]:
        """Compare one step; give the difference, and whether the two servers part here."""
        turns = [(one.ask, one.how == GRANTED) for one in pair[1].answers]
        turns = turns if isinstance(step, Burst) else [(ask, False) for ask in asks_of(step)]
        asked = list(state.labels_in_turn(turns, self.comparer.least_page))
        asked += [odd for odd in (odd_cell(step),) if odd is not None]
        self.cells += asked
        self.asks += asks_of(step)
        self.asked += asked
        late = isinstance(step, Backlog) and any(step.who in seen.ended for seen in pair)
        if pair[0].unbound != pair[1].unbound or late:
            return None, True  # Something free came before; or a server has ended the connection of who reads late.
        parts = False
        if (ends := flood_ends(index, step, pair)) is not None:
            return ends
        kinds = word_of(step, (kind for kind, _ in asked))
        for difference, what, about in self._differences(index, step, pair, normals, state, kinds):
            freedom = self.comparer.freedoms.of([asked[about]] if about is not None else self.asked, what)
            if freedom is None:
                return difference, False
            self.freed.append(freedom.source)
            parts |= freedom.parts
            if parts and what == ANSWER:
                break  # Only one of them has granted it, and tells of it.
        if pair[0].whole:
            self.asks, self.asked = [], []
        return None, parts

    def _differences(
        self, index: int, step: Step, pair: tuple[Seen, Seen], normals: tuple[Normal, ...], state: State, kinds: str
    ) -> Iterator[tuple[Difference, str, int | None]]:
        spec = self.comparer.spec
        for who in sorted({*pair[0].ended, *pair[1].ended}):
            if (who in pair[0].ended) != (who in pair[1].ended):
                kind = "its connection ends" if who in pair[0].ended else "its connection lives on"
                ends = [str(seen.ended.get(who, "open")) for seen in pair]
                yield Difference(index, who, kinds, kind, rule_of(step, spec), *ends), END, None
        for who in sorted({*pair[0].silent} - {*pair[1].silent}):
            yield Difference(index, who, kinds, "no answer any more", rule_of(step, spec), missing=REPLY), END, None
        yield from odd_differences(index, step, pair, self.comparer.knowledge.mistaken, spec.protocol.discriminator)
        for number, (one, two) in enumerate(zip(pair[0].answers, pair[1].answers, strict=True)):
            found = self._answers(index, step, one, two, normals, state)
            if found is not None:
                yield found, ANSWER, number
            elif GRANTED not in (one.how, two.how):
                mistaken = self.comparer.knowledge.mistaken
                at = index, one.ask.by, one.ask.type
                found = mistaken_answer(mistaken, spec.protocol.discriminator, at, [one.frame], [two.frame])
                if found is not None:
                    yield found, MISTAKE, number
        for who in sorted({*pair[0].events, *pair[1].events}):
            both = zip(pair, normals, (self.tested, self.other), self.comparer.limits.targets, strict=True)
            sides = [
                [
                    normal.frame(oldest_first(frame, self.comparer.knowledge, target, spec))
                    for frame in self._comparable(seen, who, state, side, overdue=pair[0].overdue or pair[1].overdue)
                ]
                for seen, normal, side, target in both
            ]
            if isinstance(step, RawMessage) and state.raced:
                sides = [[without_order(frame, self.comparer.knowledge, spec) for frame in side] for side in sides]
            found = self._events(index, who, kinds, sides[0], sides[1], ordered=not isinstance(step, Race))
            if found is not None and isinstance(step, RawMessage):
                yield replace(found, rule=step.rule), ANSWER if who == step.who else EVENTS, None
            elif found is not None:
                late = isinstance(step, Backlog) and step.who == who and self.comparer.knowledge.lagging
                yield replace(found, rule=late or found.rule), EVENTS, None

    def _answers(
        self, index: int, step: Step, one: Answer, two: Answer, normals: tuple[Normal, ...], state: State
    ) -> Difference | None:
        ask, spec = one.ask, self.comparer.spec
        reply = spec.incoming[ask.type].reply
        kind = reply[spec.protocol.discriminator] if reply is not None else None
        rule = self._rule(kind, ask.type)
        sides = [normal.frame(answer.frame) for normal, answer in zip(normals, (one, two), strict=True)]
        if isinstance(step, Depart):
            if (one.how, two.how) != (NONE, GRANTED):
                return None
            kind, rule = "not handled, because its connection closed", self.comparer.knowledge.closing or rule
            return Difference(index, ask.by, ask.type, kind, rule, missing=REPLY)
        if one.how != two.how:
            said = {GRANTED: "granted", NONE: "not answered"}.get(one.how, "refused")
            kind, missing = f"{said}, not {two.how}", REPLY if one.how == NONE else ""
            return Difference(index, ask.by, ask.type, kind, rule, sides[0], sides[1], missing)
        if one.how != GRANTED:
            return None
        view = self.comparer.knowledge.requests[ask.type].view
        if view is None:
            return None if sides[0] == sides[1] else unlike(index, ask.by, ask.type, sides, rule)
        return self._views(index, step, (one, two), normals, state, rule)

    def _views(
        self,
        index: int,
        step: Step,
        answers: tuple[Answer, Answer],
        normals: tuple[Normal, ...],
        state: State,
        rule: str,
    ) -> Difference | None:
        ask = answers[0].ask
        view = self.comparer.knowledge.requests[ask.type].view
        assert view is not None
        walked = isinstance(step, Walk)
        frames = [answer.pages if walked else (answer.frame,) for answer in answers]
        lists = [
            [normal.frame(one) for one in items(some, view, target, self.comparer.spec)]
            for some, normal, target in zip(frames, normals, self.comparer.limits.targets, strict=True)
        ]
        heads = [
            {key: value for key, value in normal.frame(some[-1] if some else {}).items() if key != view.items}
            for some, normal in zip(frames, normals, strict=True)
        ]
        room = state.room_of(ask)
        complete = walked or all(not head.get(view.more or "") for head in heads)
        if room in state.raced or (view.by_change and room in state.changed):
            if not complete or {*ask.fields} & {"offset"} or state.begins_in_race(ask):
                return None
            lists = [sorted(some, key=written) for some in lists]
        if lists[0] != lists[1]:
            return unlike(index, ask.by, ask.type, [{view.items: some} for some in lists], rule)
        return None if heads[0] == heads[1] else unlike(index, ask.by, ask.type, heads, rule)

    def _events(
        self, index: int, who: str, kinds: str, one: list[Any], two: list[Any], *, ordered: bool
    ) -> Difference | None:
        if not ordered:
            one, two = sorted(one, key=written), sorted(two, key=written)
        if one == two:
            return None
        name = self.comparer.spec.protocol.discriminator
        have, want = ([written(frame) for frame in some] for some in (one, two))
        extra, missing = Counter(have) - Counter(want), Counter(want) - Counter(have)
        if not extra and not missing:
            at = next(place for place, (left, right) in enumerate(zip(have, want, strict=True)) if left != right)
            return self._event(index, who, kinds, "{} in another order", one[at].get(name), one, two)
        spare = next((frame for frame in one if written(frame) in extra), None)
        lost = next((frame for frame in two if written(frame) in missing), None)
        if spare is not None and lost is not None and spare.get(name) == lost.get(name):
            said = "another {}: " + where(spare, lost)
            return self._event(index, who, kinds, said, spare.get(name), spare, lost)
        if lost is not None:
            return replace(self._event(index, who, kinds, "no {}", lost.get(name), None, lost), missing=EVENT)
        assert spare is not None
        if Counter(have)[written(spare)] > 1:
            return self._event(index, who, kinds, "{} again", spare.get(name), spare, None)
        # It may have come too late for the step before.
        return replace(self._event(index, who, kinds, "{} too many", spare.get(name), spare, None), missing=EVENT)

    def _event(self, index: int, who: str, kinds: str, said: str, frame: Any, one: Any, two: Any) -> Difference:
        rule = self._rule(frame if isinstance(frame, str) else None, None)
        return Difference(index, who, kinds, said.format(frame or "unreadable frame"), rule, one, two)

    def _rule(self, outgoing: str | None, request: str | None) -> str:
        spec = self.comparer.spec
        message = spec.outgoing.get(outgoing or "")
        if message is not None and message.rule is not None:
            return message.rule
        for feature in spec.features.values():
            if request is not None and request in feature.incoming:
                return next((one.id for one in spec.rules.values() if feature.id in one.features), "")
        return spec.protocol.malformed_rule

    def _comparable(
        self, seen: Seen, who: str, state: State, side: ConversationRun, *, overdue: bool
    ) -> list[dict[str, Any]]:
        free = FreeFrames(self.comparer.spec, self.comparer.knowledge, self.comparer.freedoms, self.comparer.limits)
        kept = []
        for frame in seen.events.get(who, ()):
            if free.revived(frame, who, state, side):
                self.freed.append(REVIVAL)
            elif not (free.is_free(frame, who, self.asks, side) or (overdue and free.may_be_timed(frame))):
                kept.append(frame)
        return kept

    def _move(self, step: Step, seen: Seen, state: State) -> None:
        """Take over what the step has changed on the other server."""
        state.move(step)
        for answer in seen.answers:
            state.take(answer.ask, granted=answer.how == GRANTED)
