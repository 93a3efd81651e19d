"""Every rule can be judged with the fewest features: a server that lacks another one still gets its verdict."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from conformance.errors import Mistake
from conformance.scenario import steps as s
from conformance.scenario.walk import without_witnesses
from conformance.spec.parts import uses_part

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from conformance.scenario.model import Scenario
    from conformance.spec import Spec
    from conformance.spec.model import Rule


def rules_need_few_features(spec: Spec) -> Iterator[Mistake]:
    """Find rules whose every scenario relies on a feature that neither the rule nor its feature says it needs.

    A scenario relies on the features of the requests that it sends, with their parts, and of the frames that it waits
    for, outside its witnesses. Free are its own feature, those that this one builds on, the one of the greeting, the
    barrier, and what the rule says it `needs` because its sentence is about that. A need that no scenario has is found,
    too, but for confirmations: they are not waited for where nothing needs them.
    """
    yield from _unknown_features(spec)
    needed: dict[str, set[str]] = {}
    confirming = _owners(spec).get(spec.protocol.greeting.frame, frozenset())
    for (name, feature), (_, relied_on) in least_reliant(spec).items():
        rule = spec.rules[name]
        needed.setdefault(name, set()).update(relied_on)
        missing = sorted(relied_on - {*rule.needs})
        if missing:
            yield Mistake(
                rule.file,
                rule.line,
                f"{name}: every scenario of {feature} relies on {' and '.join(missing)}; put that into a `witness`, or"
                " write a scenario that does without, or say `needs` here if the sentence is about it",
            )
    for rule in spec.rules.values():
        for feature in sorted({*rule.needs} - needed.get(rule.id, set()) - confirming):
            yield Mistake(rule.file, rule.line, f"{rule.id}: it says that it needs {feature}, and is judged without")


def least_reliant(spec: Spec) -> dict[tuple[str, str], tuple[Scenario, frozenset[str]]]:
    """Give for each rule, and each feature with scenarios of it, the one that relies on the fewest others, and these.

    Of several it is one that does not wait long.
    """
    owners = _owners(spec)
    proofs: dict[tuple[str, str], list[tuple[Scenario, frozenset[str]]]] = {}
    for scenario in spec.scenarios.values():
        relied_on = _relied_on(scenario, owners, spec)
        for name in {*scenario.rules} & spec.rules.keys():
            proofs.setdefault((name, scenario.feature), []).append((scenario, relied_on))
    return {
        (name, feature): min(some, key=partial(_rank, spec.rules[name])) for (name, feature), some in proofs.items()
    }


def _unknown_features(spec: Spec) -> Iterator[Mistake]:
    for feature in spec.features.values():
        for name in sorted({*feature.builds_on} - spec.features.keys()):
            yield Mistake(
                spec.folder / "features.yaml",
                feature.line,
                f"`builds_on` of {feature.id}: there is no feature {name!r}",
            )
    for rule in spec.rules.values():
        for name in sorted({*rule.needs} - spec.features.keys()):
            yield Mistake(rule.file, rule.line, f"`needs` of {rule.id}: there is no feature {name!r}")


def _rank(rule: Rule, proof: tuple[Scenario, frozenset[str]]) -> tuple[int, int, list[str], bool]:
    scenario, features = proof
    return len(features - {*rule.needs}), len(features), sorted(features), "slow" in scenario.tags


def _relied_on(scenario: Scenario, owners: Mapping[str, frozenset[str]], spec: Spec) -> frozenset[str]:
    """Give the features that a scenario relies on, without those that are free to it."""
    protocol = spec.protocol
    own = spec.features[scenario.feature]
    free = {own.id, *own.builds_on, *owners.get(protocol.greeting.frame, ())}
    harness = (protocol.barrier_request[protocol.discriminator], protocol.barrier_reply)
    steps = tuple(without_witnesses((*scenario.setup, *scenario.steps)))
    kinds = set(_kinds(steps)) - {*harness}
    if any(room.join != () for room in scenario.given.conversations.values()):
        kinds.add(protocol.join_request[protocol.discriminator])
    # A type of several features takes one of them: the first.
    taken = (owners[kind] for kind in kinds if kind in owners and owners[kind].isdisjoint(free))
    parts = {one.feature for one in protocol.parts if any(uses_part(step, one) for step in steps)}
    return frozenset(next(feature for feature in spec.features if feature in some) for some in taken) | (parts - free)


def _kinds(steps: Iterable[s.Step]) -> Iterator[str]:
    for step in steps:
        match step:
            case s.Send() | s.Expect() | s.Collect():
                yield step.frame
            case s.Page():
                yield step.frame
                yield step.reply


def _owners(spec: Spec) -> dict[str, frozenset[str]]:
    """Give the features of each message type."""
    kinds = {kind for feature in spec.features.values() for kind in (*feature.incoming, *feature.outgoing)}
    return {
        kind: frozenset(one.id for one in spec.features.values() if kind in one.incoming or kind in one.outgoing)
        for kind in kinds
    }
