"""What a scenario relies on that this server does not have, and that belongs to another feature.

A step may only witness: it fetches the history to see that nothing has changed, or sends a message to see that a
connection lives. Where calibration has shown that the server does not know the request, does not answer the barrier or
delivers no broadcast, such a step says nothing about the promise of the scenario: that is BLOCKED.
What belongs to the scenario's own feature is its promise, and its absence a FAIL.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from conformance.engine.scenario_run.faulty import wrong_of_others
from conformance.engine.scenario_run.unconfirmed import never_comes
from conformance.scenario import steps as s
from conformance.scenario.requests import requests_of
from conformance.scenario.walk import walk, without_witnesses
from conformance.spec.parts import uses_part

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from conformance.engine.context.scenario_context import ScenarioContext
    from conformance.results.model import Calibration
    from conformance.scenario.model import Scenario
    from conformance.spec import Spec


def lacks_until(scenario: Scenario, step: s.Step | None, calibration: Calibration, spec: Spec) -> tuple[str, ...]:
    """Give the message types that a step relies on, that the server lacks, and that are not of the scenario's feature.

    They are the unknown types among the requests up to this step, the frames that these requests cause, and what the
    step itself waits for, where calibration did not see it; parts of requests that did nothing are named likewise,
    as `type.field`. `step` is None while the users connect and join.
    """
    steps = list(_until((*scenario.setup, *scenario.steps), step)) if step is not None else []
    protocol = spec.protocol
    requests = _requests(steps, calibration)
    if calibration.joins and any(room.join != () for room in scenario.given.conversations.values()):
        requests |= {protocol.join_request[protocol.discriminator]} & {*calibration.unknown_types}
    unseen = {*_unseen(_awaited(step, steps, spec), calibration, spec), *_caused(steps, calibration, spec)}
    parts = _parts(scenario, steps, calibration, spec)
    wrong = {name for one in steps for name in _wrong(scenario, one, calibration, spec)}
    found = _of_others(scenario, requests, unseen, spec) | parts | wrong | _further_joins(scenario, calibration, spec)
    if found:  # Without this, too, it would go no further than to the next.
        found |= _of_others(scenario, frozenset(unknown_requests(scenario, calibration, spec)), set(), spec)
    return tuple(sorted(found))


def _wrong(scenario: Scenario, step: s.Step, calibration: Calibration, spec: Spec) -> Iterator[str]:
    """Give the fields of which a step takes the values, and that are wrong in all frames of their type."""
    match step:
        case s.Expect():
            kind, taken = step.frame, str(step.pattern)
        case s.Collect():
            kind, taken = step.frame, f"'{step.field}': {{'$capture'"
        case _:
            return
    read_back = calibration.reads_back and kind == spec.protocol.broadcast.frame
    for name in wrong_of_others(scenario, kind, calibration, spec):
        field = name.rpartition(".")[2]
        if f"'{field}': {{'$capture'" in taken and not (read_back and field in spec.protocol.ids["message"]):
            yield name


def stopped_by(scenario: Scenario, step: s.Step | None, spec: Spec) -> tuple[str, ...]:
    """Give the other features that the step is about in which a scenario has ended before its promise."""
    own, key = spec.features[scenario.feature], spec.protocol.discriminator
    match step:
        case s.Expect() | s.Collect():
            kind = step.frame
        case s.Page():
            kind = step.reply
        case _:
            return ()
    if kind == spec.protocol.greeting.frame:  # It confirms a request: that of the step before.
        confirmed = {name for name, one in spec.incoming.items() if one.reply and one.reply[key] == kind}
        before = _until((*scenario.setup, *scenario.steps), step)
        sent = [one.frame for one in before if isinstance(one, s.Send) and one.frame in confirmed]
        kind = sent[-1] if sent else ""
    owners = tuple(one.id for one in spec.features.values() if kind in (*one.incoming, *one.outgoing))
    return () if own.id in owners else owners


def lacks_for_its_start(scenario: Scenario, calibration: Calibration, spec: Spec) -> tuple[str, ...]:
    """Give the type of the request to join if the server has no joins, and somebody who may join has not.

    There such a user hears everything, or nothing: only what passes says something.
    """
    if calibration.joins or not any(_has_unjoined(scenario, name, spec) for name in scenario.given.conversations):
        return ()
    return (str(spec.protocol.join_request[spec.protocol.discriminator]),)


def _has_unjoined(scenario: Scenario, conversation: str, spec: Spec) -> bool:
    given, room = scenario.given, scenario.given.conversations[conversation]
    may = {user for user, role in room.members.items() if spec.protocol.join_right in spec.protocol.roles.get(role, ())}
    there = [*(name for name, user in given.users.items() if user.connect), *given.devices]
    unjoined = {who for who in there if room.join is not None and who not in room.join}
    for step in walk((*scenario.setup, *scenario.steps)):
        if isinstance(step, s.Connect) and conversation not in step.join:
            unjoined.add(step.who)
    return any(who.partition("@")[0] in may for who in unjoined)


def _further_joins(scenario: Scenario, calibration: Calibration, spec: Spec) -> frozenset[str]:
    """Give the type of the request to join if each ends the one before, and a connection hears two conversations."""
    protocol = spec.protocol
    joining = str(protocol.join_request[protocol.discriminator])
    if not calibration.one_room or joining in spec.features[scenario.feature].incoming:
        return frozenset()
    given = scenario.given
    there = (*(name for name, user in given.users.items() if user.connect), *given.devices)
    joins = [(who, name) for name, room in given.conversations.items() for who in (room.join or there)]
    for step in walk((*scenario.setup, *scenario.steps)):
        match step:
            case s.Connect():
                joins += [(step.who, name) for name in step.join]
            case s.Send() if step.frame == joining:
                joins.append((step.by, str(step.fields)))
    several = Counter(who for who, _ in {*joins})
    return frozenset({joining} if max(several.values(), default=0) > 1 else ())


def lacks_of_witness(scenario: Scenario, witness: s.Witness, calibration: Calibration, spec: Spec) -> tuple[str, ...]:
    """Give likewise what any step of a witness relies on."""
    steps = list(walk(witness.steps))
    requests = _requests(steps, calibration)
    awaited = (each for one in steps for each in _awaited(one, steps, spec))
    unseen = {*_unseen(awaited, calibration, spec), *_caused(steps, calibration, spec)}
    parts = _parts(scenario, steps, calibration, spec)
    return tuple(sorted(_of_others(scenario, requests, unseen, spec) | parts))


def _of_others(scenario: Scenario, requests: frozenset[str], frames: set[str], spec: Spec) -> frozenset[str]:
    own = spec.features[scenario.feature]
    return frozenset((requests - {*own.incoming}) | (frames - {*own.outgoing}))


def _parts(scenario: Scenario, steps: Sequence[s.Step], calibration: Calibration, spec: Spec) -> frozenset[str]:
    """Give the parts of requests that these steps send, of other features, and that did nothing in calibration."""
    return frozenset(
        part.name
        for part in spec.protocol.parts
        if part.name in calibration.unseen
        and part.feature != scenario.feature
        and any(uses_part(step, part) for step in steps)
    )


def _caused(steps: Iterable[s.Step], calibration: Calibration, spec: Spec) -> Iterator[str]:
    """Give the frames that these steps cause and calibration never saw: the requests may do nothing else, either."""
    discriminator = spec.protocol.discriminator
    frames: dict[str, set[str]] = {}
    for one in (trial for trial in spec.protocol.trials if trial.part is None):
        frames.setdefault(one.request[discriminator], set()).add(one.event.frame)
    unseen = {kind: some for kind, some in frames.items() if some <= {*calibration.unseen}}
    for step in steps:
        for kind in requests_of(step, frozenset(unseen)):
            yield from unseen[kind]


def unknown_requests(scenario: Scenario, calibration: Calibration, spec: Spec) -> tuple[str, ...]:
    """Give the unknown types among the requests of a scenario outside its witnesses, those of its own feature too."""
    steps = without_witnesses((*scenario.setup, *scenario.steps))
    return tuple(sorted(_requests(steps, calibration)))


def _requests(steps: Iterable[s.Step], calibration: Calibration) -> frozenset[str]:
    """Give the unknown types among the requests that these steps send, in raw frames too."""
    unknown = frozenset(calibration.unknown_types)
    return frozenset[str]().union(*(requests_of(one, unknown) for one in steps))


def sent_unknown(context: ScenarioContext, who: str) -> bool:
    """Tell whether a connection has sent a request whose type the server does not know: an Error answers it."""
    everyone = (*context.connections.values(), *context.past)
    unknown = set(context.run.calibration.unknown_types)
    return any(request.type in unknown for one in everyone if one.name == who for request in one.sent)


def _until(steps: Sequence[s.Step], last: s.Step) -> Iterator[s.Step]:
    """Give the steps up to this one, without those of the witnesses before it: each was skipped or succeeded."""
    for step in walk(steps) if any(one is last for one in _witnessing(steps)) else without_witnesses(steps):
        yield step
        if step is last:
            return


def _witnessing(steps: Sequence[s.Step]) -> Iterator[s.Step]:
    for step in walk(steps):
        if isinstance(step, s.Witness):
            yield from walk(step.steps)


def _awaited(step: s.Step | None, before: Sequence[s.Step], spec: Spec) -> Iterator[tuple[str, Any]]:
    """Give the types that a step waits for, or checks after earlier steps have collected them, with the patterns."""
    match step:
        case s.Expect() | s.Collect():
            yield step.frame, step.pattern
        case s.Sync():
            yield spec.protocol.barrier_reply, None
        case s.ExpectEither():
            yield from ((one.frame, one.pattern) for one in step.alternatives if one.frame is not None)
        case s.Check():
            yield from ((one.frame, one.pattern) for one in before if isinstance(one, s.Collect))


def _unseen(awaited: Iterable[tuple[str, Any]], calibration: Calibration, spec: Spec) -> Iterator[str]:
    yield from (kind for kind, pattern in awaited if _is_unseen(kind, pattern, calibration, spec))


def _is_unseen(kind: str, pattern: Any, calibration: Calibration, spec: Spec) -> bool:
    protocol = spec.protocol
    if set(calibration.unknown_types) >= spec.incoming.keys():
        return True  # It answers nothing at all.
    if never_comes(kind, pattern, calibration, spec):
        return True
    if kind == protocol.broadcast.frame:
        return not calibration.broadcasts
    return kind == protocol.barrier_reply and not calibration.answers_barrier
