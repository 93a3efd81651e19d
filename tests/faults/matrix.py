"""What all examinations together say: which faults live on, what turned red for nothing, what proves nothing."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.spec import Spec
    from tests.faults.examine import Examination, Mode
    from tests.faults.registry import Fault


@dataclass(frozen=True, slots=True)
class Row:
    """One fault and its examination."""

    fault: Fault
    found: Examination

    @property
    def verdict(self) -> str:
        """Say in a word how it ended."""
        return "KILLED" if self.found.killed else "NOT JUDGED" if self.found.problem else "SURVIVED"

    @property
    def uncaught(self) -> list[str]:
        """Give the rules that are said to be broken, and that no scenario of theirs found broken."""
        return [rule for rule in self.fault.breaks if rule not in self.found.caught_rules]


@dataclass(frozen=True, slots=True)
class Matrix:
    """A run over some faults."""

    rows: Sequence[Row]
    spec: Spec
    mode: Mode
    seconds: float
    registered: int

    @property
    def survivors(self) -> list[Row]:
        """Give the faults that no scenario of a broken rule has caught."""
        return [row for row in self.rows if not row.found.killed]

    @property
    def unrelated(self) -> list[Row]:
        """Give the faults under which a feature turned red that they do not touch."""
        return [row for row in self.rows if row.found.unrelated]

    @property
    def overdrawn(self) -> list[Row]:
        """Give the faults that say to break a rule of which nothing shows; only a whole examination knows."""
        return [] if self.mode.quick else [row for row in self.rows if row.found.killed and row.uncaught]

    @property
    def fewest_sentinels(self) -> int:
        """Give how many unrelated faults the quick scenario was run against that was run against the fewest."""
        scenarios = Counter(scenario for row in self.rows for scenario in row.found.sentinels)
        quick = [one.id for one in self.spec.scenarios.values() if not one.exclusive and "slow" not in one.tags]
        return min((scenarios[one] for one in quick), default=0)

    @property
    def catchers(self) -> Mapping[str, list[str]]:
        """Give the faults that each scenario catches, by the scenario's id."""
        caught = defaultdict(list)
        for row in self.rows:
            for scenario in (*row.found.catches, *row.found.also):
                caught[scenario].append(row.fault.name)
        return caught

    @property
    def unproven(self) -> list[str]:
        """Give the cases that catch no fault; only a whole run over all faults knows."""
        catchers = self.catchers
        return [one for one in self.spec.scenarios if one not in catchers]

    @property
    def unproven_scenarios(self) -> list[str]:
        """Give the scenarios of which no case catches a fault."""
        proven = {self.spec.scenarios[one].base for one in self.catchers}
        return sorted({one.base for one in self.spec.scenarios.values()} - proven)

    @property
    def knows_unproven(self) -> bool:
        """Tell whether enough was run to call a scenario unproven."""
        return not self.mode.quick and len(self.rows) == self.registered

    @property
    def red(self) -> bool:
        """Tell whether the suite misses a fault, blames one wrongly, or takes too long."""
        return bool(self.survivors or self.unrelated or self.overdrawn)

    def of_rule(self, rule: str) -> list[tuple[Row, str]]:
        """Give the faults that break a rule, each with how it ended for this very rule."""
        return [(row, self.cell(row, rule)) for row in self.rows if rule in row.fault.breaks]

    def cell(self, row: Row, rule: str) -> str:
        """Say what became of one rule under one fault, in a word; empty: the fault does not affect it."""
        if rule in row.found.caught_rules:
            return "caught"
        if rule in row.fault.breaks:
            return "broken" if row.found.killed else "survived"
        return "also" if rule in row.fault.also else ""

    def figures(self) -> dict[str, Any]:
        """Count."""
        killed = len(self.rows) - len(self.survivors)
        musts = [rule for rule in self.spec.rules.values() if rule.level == "must"]
        aimed_at = {rule for row in self.rows for rule in row.fault.breaks}
        return {
            "faults": len(self.rows),
            "registered": self.registered,
            "killed": killed,
            "survived": len(self.survivors),
            "unrelated_red": len(self.unrelated),
            "overdrawn": len(self.overdrawn),
            "runs": sum(row.found.ran for row in self.rows),
            "sentinel_runs": sum(len(row.found.sentinels) for row in self.rows),
            "fewest_sentinel_runs": self.fewest_sentinels,
            "must_rules": len(musts),
            "must_rules_with_a_fault": sum(rule.id in aimed_at for rule in musts),
            "scenarios": len({one.base for one in self.spec.scenarios.values()}),
            "cases": len(self.spec.scenarios),
            "unproven_scenarios": len(self.unproven_scenarios) if self.knows_unproven else None,
            "unproven_cases": len(self.unproven) if self.knows_unproven else None,
            "seconds": self.seconds,
        }

    def to_dict(self) -> dict[str, Any]:
        """Give everything as JSON."""
        return {
            "spec": self.spec.digest,
            "mode": asdict(self.mode),
            "figures": self.figures(),
            "faults": [_row(row) for row in self.rows],
            "unproven_scenarios": self.unproven_scenarios if self.knows_unproven else None,
            "unproven_cases": self.unproven if self.knows_unproven else None,
        }


def _row(row: Row) -> dict[str, Any]:
    found = asdict(row.found) | {"caught_rules": sorted(row.found.caught_rules), "sentinels": len(row.found.sentinels)}
    declared = {"sentence": row.fault.sentence, "breaks": row.fault.breaks, "also": row.fault.also}
    return {"fault": row.fault.name, "group": row.fault.group, "verdict": row.verdict, **declared, **found}
