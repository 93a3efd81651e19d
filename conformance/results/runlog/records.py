"""The records of a log as frozen values; their JSON form is what `dataclasses.asdict` gives, with `kind` in front."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from conformance.results.model import Calibration, Observation, Result
from conformance.results.waivers.model import Waivers  # noqa: TC001 -- `decode` reads the hints

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = 2
"""The version of the log that this module writes; a log with a higher one is refused.

2: the footer carries the seal of the log (see `seal`); scenarios have revisions, and the header may have waivers.
"""

LINE_LIMIT = 16 * 1024 * 1024
FILE_LIMIT = 1024 * 1024 * 1024
"""Bytes. A larger log is damaged or hostile, and reading it could exhaust the memory."""


@dataclass(frozen=True, slots=True)
class TargetEntry:
    """The server under test: its name, the URLs of its instances, and how the command line named it.

    `place` is a target file or a URL; None is the reference server that the run starts itself.
    """

    name: str
    instances: tuple[str, ...] = ()
    place: str | None = None


@dataclass(frozen=True, slots=True)
class FeatureEntry:
    """One feature of the spec."""

    number: int
    id: str
    title: str


@dataclass(frozen=True, slots=True)
class RuleEntry:
    """One rule of the spec: `level` is `must` or `should`; a rule may belong to several features.

    `needs` has the message types of the other features that its sentence is about, and of what these build on; older
    logs have none.
    """

    id: str
    level: str
    sentence: str
    features: tuple[str, ...]
    file: str
    line: int
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CellEntry:
    """The cell of a table of the spec that a case was made from, and its place there, counted from 0."""

    table: str
    row: str
    column: str
    value: str
    row_at: int
    column_at: int


@dataclass(frozen=True, slots=True)
class ScenarioEntry:
    """One scenario of the spec (or one case of it), with the rules that fail when it fails.

    `cell` is None if the scenario was not made from a table, and in older logs. `revision` changes when the scenario
    runs or is judged in another way (see `scenario.revision`); older logs have none.
    """

    id: str
    title: str
    feature: str
    rules: tuple[str, ...]
    file: str
    line: int
    cell: CellEntry | None = None
    revision: str = ""


@dataclass(frozen=True, slots=True)
class MessagesEntry:
    """Which features each incoming message type belongs to, and the field of a frame that names its type."""

    incoming: Mapping[str, tuple[str, ...]]
    discriminator: str = ""


@dataclass(frozen=True, slots=True)
class SpecTables:
    """The parts of the spec that a reader of the log needs.

    `digest` is `sha256:…` of its files, `wire` that of the files that every frame is checked against; `probes` maps
    each probe to its revision. Older logs lack the last two.
    """

    digest: str
    features: tuple[FeatureEntry, ...]
    rules: tuple[RuleEntry, ...]
    scenarios: tuple[ScenarioEntry, ...]
    messages: MessagesEntry
    wire: str = ""
    probes: Mapping[str, str] = field(default_factory=dict)


INSECURE = "tls.insecure"
"""The entry of a target whose certificates are not checked."""


@dataclass(frozen=True, slots=True)
class DialectEntry:
    """One entry of the target's dialect: its place in that section, the protocol's name, and the wire's name."""

    entry: str
    protocol: str
    wire: str


@dataclass(frozen=True, slots=True)
class Header:
    """What is run, against which target, by which spec; `selected` has the ids of the selected scenarios.

    `waivers` are those that the run is judged with (None: no file was given). `dialect` has the target's own names; it
    is empty for a target that uses the protocol's names, and in older logs.
    """

    run: str
    started: str
    tool: str
    target: TargetEntry
    command: str
    spec: SpecTables
    selected: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    profile: Mapping[str, Any] = field(default_factory=dict)
    format: int = FORMAT
    waivers: Waivers | None = None
    dialect: tuple[DialectEntry, ...] = ()

    @property
    def observed(self) -> bool:
        """Say whether this is observed traffic of real clients, and not a run of scenarios."""
        return self.options.get("observed") is True

    @property
    def moment(self) -> datetime:
        """Give `started` as a moment with its zone; raises ValueError if it is invalid."""
        return datetime.fromisoformat(self.started).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """A file of the spec, or a part of it: the number of its first line, and its text."""

    start: int
    text: str


@dataclass(frozen=True, slots=True)
class Footer:
    """How the run ended: `complete` is False with a `reason` when it was stopped; `phases` are in seconds.

    `notes` has the notes of provisioning: what is left on the target, and which calls were repeated; older logs have
    none. `dialect_used` has the entries of the header's `dialect` that any frame used. `sources` has the files of
    failing scenarios by the names that problems have for them; older logs have none.
    """

    complete: bool
    reason: str = ""
    seconds: float = 0.0
    phases: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    dialect_used: tuple[str, ...] = ()
    sources: Mapping[str, SourceEntry] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Run:
    """One recorded run; without a footer it was cut off."""

    header: Header
    calibration: Calibration | None = None
    results: tuple[Result, ...] = ()
    probes: tuple[Observation, ...] = ()
    footer: Footer | None = None

    @property
    def complete(self) -> bool:
        """Tell whether the run was completed."""
        return self.footer is not None and self.footer.complete


Record = Header | Calibration | Result | Observation | Footer

KINDS: dict[str, type[Any]] = {
    "header": Header,
    "calibration": Calibration,
    "result": Result,
    "probe": Observation,
    "footer": Footer,
}
"""The `kind` of each record."""
