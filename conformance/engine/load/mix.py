"""Chooses which scenario a virtual user runs next: features by weight, the scenarios of a feature in equal parts."""

from __future__ import annotations

import bisect
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.errors import UsageError
from conformance.files.did_you_mean import did_you_mean

if TYPE_CHECKING:
    import random
    from collections.abc import Iterable, Mapping

    from conformance.scenario.model import Scenario
    from conformance.spec import Spec

MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class Mix:
    """Scenarios by id, with the sum of their weights up to each."""

    ids: tuple[str, ...]
    sums: tuple[float, ...]

    @classmethod
    def of(cls, scenarios: Iterable[Scenario], weights: Mapping[str, float]) -> Mix:
        """Share out the weight of each feature among those of its scenarios that are given."""
        by_feature: dict[str, list[str]] = {}
        for one in scenarios:
            if weights.get(one.feature):
                by_feature.setdefault(one.feature, []).append(one.id)
        shares = {id_: weights[feature] / len(ids) for feature, ids in by_feature.items() for id_ in ids}
        return cls(tuple(shares), tuple(itertools.accumulate(shares.values())))

    def choose(self, random: random.Random) -> str:
        """Choose the id of a scenario."""
        return self.ids[bisect.bisect(self.sums, random.random() * self.sums[-1], hi=len(self.ids) - 1)]


def read_weights(words: Iterable[str], spec: Spec) -> dict[str, float]:
    """Read `feature=weight` pairs, separated by commas; none: all features alike; raises UsageError."""
    pairs = [pair for word in words for pair in word.split(",") if pair.strip()]
    if not pairs:
        return dict.fromkeys(spec.features, 1.0)
    weights: dict[str, float] = {}
    for pair in pairs:
        name, _, weight = (part.strip() for part in pair.partition("="))
        found = next((one.id for one in spec.features.values() if name in (one.id, str(one.number))), None)
        if found is None:
            meant = did_you_mean(name, spec.features, "; `chat-parity list features` shows them")
            raise UsageError(f"there is no feature {name!r}{meant}")
        if found in weights:
            raise UsageError(f"the mix names {found} twice")
        weights[found] = _weight(pair, weight or "1")
    if not any(weights.values()):
        raise UsageError("the mix has no feature with a weight over 0")
    return weights


def suitable(scenario: Scenario) -> bool:
    """Say whether a scenario may be traffic: it needs neither the server for itself, nor a wait for a timer."""
    return not scenario.exclusive and "slow" not in scenario.tags and "restart" not in scenario.needs


def choose_scenarios(spec: Spec, weights: Mapping[str, float], most: int) -> list[Scenario]:
    """Give the scenarios that a load runs: of each feature at most so many, the same in every load.

    Other files come before other cases of a file, because cases differ little as traffic.
    """
    chosen: list[Scenario] = []
    for feature in spec.features:
        own = [one for one in spec.scenarios.values() if one.feature == feature and suitable(one)]
        if weights.get(feature):
            firsts = list({one.base: one for one in reversed(own)}.values())[::-1]
            rest = [one for one in own if one not in firsts]
            chosen += _spread(firsts, most) + _spread(rest, max(0, most - len(firsts)))
    return sorted(chosen, key=lambda one: one.id)


def _spread(some: list[Scenario], most: int) -> list[Scenario]:
    """Give at most so many, in equal distances."""
    if len(some) <= most:
        return some
    return [some[index * len(some) // most] for index in range(most)]


def _weight(pair: str, text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = -1.0
    if not 0 <= weight <= MOST:  # neither does NaN fit
        raise UsageError(f"{pair.strip()!r} is no part of a mix; write for example send_message=5,edit_message=1")
    return weight
