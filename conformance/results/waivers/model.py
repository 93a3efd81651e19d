"""A waiver: the promise of a person to look again at a known failure.

A waiver changes what is expected of a run, never what is said about a server: it turns a FAIL into WAIVED, not PASS.

    it covers                what the matching scenarios say against
    ----------------------   ----------------------------------------------------------------------------
    without `rule`           the rules that they prove: each of them fails
    with `rule`              that rule: their own failing, and what they find beside (a malformed frame, say)

Without a rule a glob says that *every* scenario it matches fails, so that it cannot cover one that fails only later.
BROKEN, UNTESTABLE and BLOCKED are never covered: they say nothing about the server.
"""

from __future__ import annotations

from dataclasses import dataclass

from conformance.scenario.selectors import names


@dataclass(frozen=True, slots=True)
class Waiver:
    """One entry of a file of waivers.

    `expires` is the last day on which it counts (`2026-12-31`, UTC). A `flaky` one names a scenario that may pass as
    well. `line` is its line in its file.
    """

    scenario: str
    reason: str
    issue: str
    owner: str
    expires: str
    rule: str = ""
    flaky: bool = False
    line: int = 0

    def covers(self, scenario: str, rule: str, *, found: bool = False) -> bool:
        """Tell whether it covers what a scenario says against a rule; `found`: by a finding, beside its own outcome."""
        return names(self.scenario, scenario) and (self.rule == rule or not (self.rule or found))


@dataclass(frozen=True, slots=True)
class Waivers:
    """The waivers that a run is judged by, on the day `today` (`2026-02-22`, UTC); `file` is for people."""

    file: str
    today: str
    entries: tuple[Waiver, ...]

    def in_force(self) -> tuple[Waiver, ...]:
        """Give those that have not expired."""
        return tuple(entry for entry in self.entries if entry.expires >= self.today)
