"""What the run of a scenario gives: plain frozen values, written to `run.jsonl` and read back unchanged.

Nothing here judges a rule or a feature (that is `verdict`) and nothing here prints (that is `report`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Outcome(StrEnum):
    """How one scenario ended (DESIGN: outcomes of a scenario)."""

    PASS = "PASS"
    FAIL = "FAIL"
    BLOCKED = "BLOCKED"
    """A setup step failed: the rule itself was not reached."""
    UNTESTABLE = "UNTESTABLE"
    """The target could not be brought into the state that the scenario starts from."""
    NOT_APPLICABLE = "NOT APPLICABLE"
    """The target declares that it has not what the scenario needs."""
    BROKEN = "BROKEN"
    """The harness's own fault: a scenario that does not fit the spec, a bug."""


NEEDS_OF_THE_RUN = frozenset({"restart", "local"})
"""Needs that say nothing of the server: whether this run can start it again, and whether both share a machine."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a transcript.

    `at` is milliseconds since the scenario began; `way` is `→` (sent), `←` (received) or `·` (an event such as a
    close, or a step of the harness); `frame` is the parsed JSON object where the frame was one, otherwise None and
    `text` says it. Long frames are shortened, with a note of their length. `wire` is the text of an offending frame
    that a target's dialect has changed.
    """

    at: float
    who: str
    way: str
    frame: dict[str, Any] | None = None
    text: str = ""
    wire: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that went wrong, in a sentence, with the step where it was noticed.

    `rule` is None for a problem of the scenario itself. A malformed frame is instead charged to the rule that its
    schema names: if the scenario does not prove that rule, the problem does not fail the scenario but the rule.
    `entry` is the index in the transcript of the offending frame, if there is one.
    """

    message: str
    file: str
    line: int
    step: str = ""
    rule: str | None = None
    entry: int | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """One run of one scenario (or of one of its cases).

    `problems` decided the outcome; `findings` are problems charged to rules that this scenario does not prove.
    `names` says which name each id has (`{"0b9c…": "message"}`), so that a view can show ⟨message⟩. `attempt` counts
    from 1 under `--repeat`. `lacks` is the need that made it NOT APPLICABLE (`restart`); older logs have none.
    `without` names what it could not be judged without, or has not looked at, because the server does not have it:
    message types of other features.
    """

    scenario: str
    feature: str
    rules: tuple[str, ...]
    outcome: Outcome
    seconds: float
    problems: tuple[Problem, ...] = ()
    findings: tuple[Problem, ...] = ()
    transcript: tuple[Entry, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    attempt: int = 1
    lacks: str = ""
    without: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form, the inverse of `from_dict`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Result:
        """Read the JSON form back; raises KeyError, TypeError or ValueError where it is not one."""
        return cls(
            scenario=data["scenario"],
            feature=data["feature"],
            rules=tuple(data["rules"]),
            outcome=Outcome(data["outcome"]),
            seconds=data["seconds"],
            problems=tuple(Problem(**problem) for problem in data["problems"]),
            findings=tuple(Problem(**problem) for problem in data["findings"]),
            transcript=tuple(Entry(**entry) for entry in data["transcript"]),
            names=dict(data["names"]),
            attempt=data["attempt"],
            lacks=data.get("lacks", ""),
            without=tuple(data.get("without", ())),  # logs of earlier versions do not have it
        )


UNOBSERVED = "could not be observed: "
NOT_APPLICABLE = "not applicable: "
"""How `observed` begins where a probe saw nothing; the reason follows."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What one probe saw. `why` says why a difference between two servers bites."""

    id: str
    title: str
    why: str
    observed: str
    transcript: tuple[Entry, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def seen(self) -> bool:
        """Tell whether something was observed, rather than why nothing could be."""
        return not self.observed.startswith((UNOBSERVED, NOT_APPLICABLE))

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form, the inverse of `from_dict`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Observation:
        """Read the JSON form back; raises KeyError, TypeError or ValueError where it is not one."""
        return cls(
            id=data["id"],
            title=data["title"],
            why=data["why"],
            observed=data["observed"],
            transcript=tuple(Entry(**entry) for entry in data["transcript"]),
            names=dict(data["names"]),
        )


@dataclass(frozen=True, slots=True)
class Calibration:
    """How the target behaves before anything is judged (DESIGN §3, rule 5).

    `skew` is by how many seconds the latest of the measured broadcasts came after the barrier that should have
    followed it; 0 for a server that delivers in order; None when no broadcast arrived at all. `settle` is what the
    suite then waits before it calls something absent, `patience` how long it waits for what must come (both seconds).
    `unknown_types` are the incoming types that the server answers just as it answers a type that does not exist.
    `greets_otherwise`: every connection begins with a frame, and it is not the greeting of the protocol.
    `several_devices`: a second connection of a user lives beside the first. `roles` are those of the people who look
    on that somebody could be given beside the plainest one. `broadcasts`: at least one broadcast arrived. `overhears`:
    somebody who is in no conversation got what was said in one.
    """

    greets: bool
    answers_barrier: bool
    skew: float | None
    settle: float
    patience: float
    unknown_types: tuple[str, ...] = ()
    seconds: float = 0.0
    greets_otherwise: bool = False
    several_devices: bool = True
    roles: tuple[str, ...] = ()
    broadcasts: bool = True
    overhears: bool = False

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form, the inverse of `from_dict`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Calibration:
        """Read the JSON form back; raises KeyError or TypeError where it is not one."""
        return cls(**{**data, "unknown_types": tuple(data["unknown_types"]), "roles": tuple(data["roles"])})
