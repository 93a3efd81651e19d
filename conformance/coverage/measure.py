"""Measures a run: compares everything that the spec has with everything that the transcripts show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.coverage.model import Coverage, Item, Part
from conformance.coverage.places import Place, places
from conformance.coverage.seen import Seen, look
from conformance.results.model import Outcome
from conformance.results.verdict import judge
from conformance.scenario import steps as s
from conformance.scenario.walk import walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from conformance.results.runlog import Run
    from conformance.results.verdict import JudgedRule
    from conformance.spec import Spec
    from conformance.spec.messages import Message

VERB = {"incoming": "sent", "outgoing": "received"}


def measure(run: Run, spec: Spec, common: Mapping[str, Any]) -> Coverage:
    """Say what a run has exercised; `common` has the definitions that the message schemas share."""
    seen = look(run, spec, common)
    judged = [rule for feature in judge(run).features for rule in feature.rules]
    parts = [
        Part("must rules", tuple(_rule(rule) for rule in judged if rule.must), traced=False),
        Part("should rules", tuple(_rule(rule) for rule in judged if not rule.must), traced=False),
    ]
    directions = (("incoming", spec.incoming), ("outgoing", spec.outgoing))
    parts += [Part(f"{way} message types", _types(way, messages, seen)) for way, messages in directions]
    skip = spec.protocol.discriminator
    for way, messages in directions:
        properties: list[Item] = []
        values: list[Item] = []
        for message in messages.values():
            for place in places(message.schema, common, skip):
                properties.append(_property(way, message, place, seen))
                values += _values(way, message, place, seen)
        parts.append(Part(f"properties of {way} messages", tuple(properties)))
        parts.append(Part(f"values of {way} messages", tuple(values)))
    parts.append(Part("error codes", _codes(spec, seen)))
    return Coverage(
        target=run.header.target.name,
        started=run.header.started,
        parts=tuple(parts),
        notes=tuple(_notes(run, spec, seen)),
        complete=run.complete,
        traced=not seen.untraced,
    )


def _rule(rule: JudgedRule) -> Item:
    name = rule.entry.id if len(rule.entry.features) == 1 else f"{rule.entry.id} in {rule.feature}"
    results = [result for scenario in rule.scenarios for result in scenario.results]
    if any(result.outcome in (Outcome.PASS, Outcome.FAIL) for result in results):
        return Item(name)
    if not rule.scenarios:
        return Item(name, "no scenario proves it")
    if not results:
        return Item(name, "none of its scenarios was run")
    why = next((problem.message for result in results for problem in result.problems), "")
    outcomes = ", ".join(sorted({result.outcome.lower() for result in results}))
    return Item(name, f"its scenarios ended {outcomes}{f': {why}' if why else ''}")


def _types(way: str, messages: Mapping[str, Message], seen: Seen) -> tuple[Item, ...]:
    return tuple(
        Item(kind, "" if seen.types[way, kind] else f"none was {VERB[way]} that fits its schema") for kind in messages
    )


def _property(way: str, message: Message, place: Place, seen: Seen) -> Item:
    return Item(f"{message.type}.{place.path}", _why_not(way, message, place, seen), message.never.get(place.path, ""))


def _why_not(way: str, message: Message, place: Place, seen: Seen) -> str:
    key = (way, message.type)
    found = seen.places[key]
    if found.get(place.path, set()) - {None}:
        return ""
    if not seen.types[key]:
        return f"no {message.type} was {VERB[way]}"
    if seen.shortened[key] and place.inside:
        doubt = f"; {seen.shortened[key]} long ones are kept without what is inside"
    else:
        doubt = ""
    if place.inside and not found.get(place.inside, set()) - {None}:
        within = place.inside.removesuffix("[]")
        return f"{within} was always {'empty' if place.inside.endswith('[]') else 'absent'}{doubt}"
    if None in found.get(place.path, ()):
        return f"it was always null{doubt}"
    return f"{'optional, and in no frame' if place.optional else 'in no frame'}{doubt}"


def _values(way: str, message: Message, place: Place, seen: Seen) -> Iterator[Item]:
    had = seen.places[way, message.type].get(place.path, set()) - {None}
    for value in place.values:
        others = ", ".join(sorted(map(str, had)))
        missing = f"it was only {others}" if had else "the property was not seen"
        yield Item(f"{message.type}.{place.path} = {value}", "" if value in had else missing)


def _codes(spec: Spec, seen: Seen) -> tuple[Item, ...]:
    """Compare with the codes that the examples of the error's schema have, and those that scenarios and probes name."""
    protocol = spec.protocol
    message = spec.outgoing[protocol.error]
    examples = {example.get(protocol.error_code) for example in message.schema.get("examples", ())}
    known = {code for code in examples if isinstance(code, str)} | set(_named_codes(spec))
    had = seen.places["outgoing", protocol.error].get(protocol.error_code, set()) - {None}
    reason = "no error had it" if had else "no error had any code"
    return tuple(Item(str(code), "" if code in had else reason) for code in sorted({*known, *map(str, had)}))


def _named_codes(spec: Spec) -> Iterator[str]:
    scenarios = [*spec.scenarios.values(), *(probe.scenario for probe in spec.probes.values())]
    for scenario in scenarios:
        for step in walk((*scenario.setup, *scenario.steps)):
            for frame, pattern in _patterns(step):
                if frame == spec.protocol.error and isinstance(pattern, dict):
                    yield from _words(pattern.get(spec.protocol.error_code))


def _patterns(step: s.Step) -> Iterable[tuple[str | None, Any]]:
    match step:
        case s.Expect() | s.Collect():
            return [(step.frame, step.pattern)]
        case s.ExpectEither():
            return [(one.frame, one.pattern) for one in step.alternatives]
        case s.Observe():
            return [(one.frame, one.pattern) for one in step.choices.values()]
    return []


def _words(pattern: Any) -> Iterator[str]:
    if isinstance(pattern, str) and "${" not in pattern:
        yield pattern
    elif isinstance(pattern, dict) and isinstance(pattern.get("$one_of"), list):
        for one in pattern["$one_of"]:
            yield from _words(one)


def _filled_after_all(spec: Spec, seen: Seen) -> Iterator[str]:
    for message in spec.outgoing.values():
        for path in message.never:
            if seen.places["outgoing", message.type].get(path, set()) - {None}:
                yield f"{message.type}.{path}"


def _notes(run: Run, spec: Spec, seen: Seen) -> Iterator[str]:
    if not run.complete:
        why = run.footer.reason if run.footer else "its log has no end"
        yield f"The run is not complete ({why}): more might have been covered."
    if run.header.spec.digest != spec.digest:
        yield "The run was judged by another spec than this one: the rules are the run's, all else is this one's."
    if seen.untraced:
        left_out = f"{seen.untraced} of {len(run.results)} results have no transcript"
        yield f"{left_out}, so the figures of types, properties, values and codes are too low: run with --trace all."
    for name in _filled_after_all(spec, seen):
        yield f"{name} is said never to be filled (x-never), and was."
    if seen.cut:
        yield f"{seen.cut} long transcripts have lost their beginning: what was only there is not counted."
    if seen.shortened:
        yield (
            f"{seen.shortened.total()} long frames are shortened in the log: their outermost fields count,"
            " what is inside them does not."
        )
