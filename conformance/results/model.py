"""The result values of a run: plain and frozen, written to `run.jsonl` and read back unchanged.

Nothing here judges a rule or a feature (that is `verdict`) and nothing here prints (that is `report`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


class Outcome(StrEnum):
    """How one attempt at a scenario ended."""

    PASS = "PASS"
    FAIL = "FAIL"
    BLOCKED = "BLOCKED"
    """A setup step failed: the rule itself was not reached."""
    UNTESTABLE = "UNTESTABLE"
    """The harness could not create the state that the scenario starts from."""
    NOT_APPLICABLE = "NOT APPLICABLE"
    """The target declares that it lacks what the scenario needs."""
    BROKEN = "BROKEN"
    """The harness's own fault: a scenario that does not fit the spec, a bug."""


NEEDS_OF_THE_RUN = frozenset({"restart", "local", "acts_as_users"})
"""Needs that say nothing of the server.

They are whether this run can start it again, whether both share a machine, and whether the run can ask for changes of
roles as any user.
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a transcript.

    `at` is milliseconds since the scenario began; `way` is `→` (sent), `←` (received) or `·` (an event such as a
    close, or a step of the harness). `frame` is the parsed JSON object if the frame was one; otherwise it is None, and
    `text` has the content. Long frames are shortened, with a note of their length. `wire` is the original text of an
    offending frame that a target's dialect has translated.
    """

    at: float
    who: str
    way: str
    frame: dict[str, Any] | None = None
    text: str = ""
    wire: str = ""


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem, as a sentence, with the step that found it.

    `rule` is None for a problem of the scenario itself. A malformed frame is charged to the rule that its schema names:
    if the scenario does not prove that rule, the problem fails the rule and not the scenario.
    `entry` is the index in the transcript of the offending frame, if there is one. `cause` is the message without
    names, ids and numbers, so that a view can group similar problems (see `causes`). `count` is the number of frames
    that have the problem. `request` is the type of the last request before it, and `came` has the types that came in
    answer (see `exchange`). Older logs lack these.
    """

    message: str
    file: str
    line: int
    step: str = ""
    rule: str | None = None
    entry: int | None = None
    cause: str = ""
    count: int = 1
    request: str = ""
    came: tuple[str, ...] = ()

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Problem:
        """Read the JSON form back; raises TypeError if it is invalid."""
        return cls(**{**data, "came": tuple(data.get("came", ()))})


@dataclass(frozen=True, slots=True)
class Result:
    """One run of one scenario (or of one of its cases).

    `problems` decided the outcome; `findings` are problems charged to rules that this scenario does not prove.
    `names` maps each id to its name (`{"0b9c…": "message"}`), so that a view can show ⟨message⟩. `attempt` counts
    from 1 with `--repeat`. `lacks` is the need that made it NOT APPLICABLE (`restart`); older logs have none.
    `without` has the message types of other features that the server lacks: the scenario could not be judged without
    them, or did not check them. `stopped_by` are the other features in whose frame it ended before its promise.
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
    stopped_by: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form, the inverse of `from_dict`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Result:
        """Read the JSON form back; raises KeyError, TypeError or ValueError if it is invalid."""
        return cls(
            scenario=data["scenario"],
            feature=data["feature"],
            rules=tuple(data["rules"]),
            outcome=Outcome(data["outcome"]),
            seconds=data["seconds"],
            problems=tuple(map(Problem.from_dict, data["problems"])),
            findings=tuple(map(Problem.from_dict, data["findings"])),
            transcript=tuple(Entry(**entry) for entry in data["transcript"]),
            names=dict(data["names"]),
            attempt=data["attempt"],
            lacks=data.get("lacks", ""),
            without=tuple(data.get("without", ())),  # logs of earlier versions do not have it
            stopped_by=tuple(data.get("stopped_by", ())),
        )


UNOBSERVED = "could not be observed: "
NOT_APPLICABLE = "not applicable: "
"""The beginning of `observed` if a probe observed nothing; the reason follows."""


@dataclass(frozen=True, slots=True)
class Observation:
    """What one probe observed. `why` says why a difference between two servers matters."""

    id: str
    title: str
    why: str
    observed: str
    transcript: tuple[Entry, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)

    @property
    def seen(self) -> bool:
        """Tell whether `observed` is an observation, and not the reason why there is none."""
        return not self.observed.startswith((UNOBSERVED, NOT_APPLICABLE))

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form, the inverse of `from_dict`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Observation:
        """Read the JSON form back; raises KeyError, TypeError or ValueError if it is invalid."""
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
    """How the target behaves before anything is judged.

    `skew` has the seconds by which the latest measured broadcast came after the barrier behind it: 0 for
    a server that delivers in order, None if no broadcast arrived. `settle` is the wait before a frame counts as
    absent, and `patience` is the wait for a frame that must come (both in seconds).
    `unknown_types` are the incoming types that the server answers just as it answers a type that does not exist.
    `greets_otherwise`: every connection begins with a frame, and it is not the greeting of the protocol.
    `several_devices`: a user can have two connections at once. `roles` has the roles of bystanders that the driver
    could give, beside the default role. `broadcasts`: at least one broadcast arrived. `overhears`: a user who is in no
    conversation got a message of one. `round_trip` is the time of the fastest reply of the barrier in seconds;
    None if it does not answer, and in older logs. `joins`: False if it does not know the request to join, and members
    hear their conversations all the same. `unseen` are the types of frames that never came, although calibration has
    sent the requests that cause them, and the server does not say that it does not know these; and the fields of
    requests, as `type.field`, that it ignores or refuses. `wrong_fields` maps the fields of its frames that break
    their schema to the rule that they break. `confirms_joins`: False if nothing answers the request to join, and who
    has asked hears the conversation all the same. `reads_back`: no broadcast told the id of its message, and the
    history has what was sent. `errors_close`: it ends connections at what it refuses, or some of it. `untold_devices`
    are the types of events that other devices of their author do not get. `replays`: a join brings earlier messages.
    `unconfirmed` are the requests that take effect and whose own reply never comes. `one_room`: a connection that joins
    a second conversation hears the first no more. `foreign_types` are the types of its frames that are not in the
    protocol.
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
    round_trip: float | None = None
    unseen: tuple[str, ...] = ()
    joins: bool = True
    confirms_joins: bool = True
    reads_back: bool = False
    errors_close: bool = False
    untold_devices: tuple[str, ...] = ()
    wrong_fields: Mapping[str, str] = field(default_factory=dict)
    replays: bool = False
    unconfirmed: tuple[str, ...] = ()
    one_room: bool = False
    foreign_types: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give the JSON form, the inverse of `from_dict`."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Calibration:
        """Read the JSON form back; raises KeyError or TypeError if it is invalid."""
        names = ("unknown_types", "roles", "unseen", "untold_devices", "unconfirmed", "foreign_types")
        lists = {name: tuple(data.get(name, ())) for name in names}
        return cls(**{**data, **lists})
