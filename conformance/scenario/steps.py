"""The frozen types of the scenario language: what a parsed scenario is. Its grammar is `scenario.parse`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

Raw = Any
"""Data of a scenario in which `${…}` and generated values are still to be replaced."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What all steps share: the line (from 1) of the scenario's file where it stands."""

    line: int

    @property
    def label(self) -> str:
        """Say the step in a few words, for problems and transcripts."""
        return type(self).__name__.lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Send(Step):
    """Send one frame of a type. `extra` are fields that the type does not have, sent on purpose."""

    frame: str
    by: str
    fields: Raw
    invalid: bool = False
    extra: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return f"send {self.frame} by {self.by}"


@dataclass(frozen=True, slots=True)
class RawFrame:
    """One WebSocket frame as it goes to the wire; `payload` may hold references, `payload_hex` wins over it."""

    opcode: int
    fin: bool = True
    rsv: int = 0
    payload: Raw = ""
    payload_hex: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRaw(Step):
    """Send text, bytes or frames unchecked; exactly one of the three is given."""

    by: str
    text: Raw = None
    binary: str | None = None
    frames: tuple[RawFrame, ...] = ()

    @property
    def label(self) -> str:
        kind = "text" if self.text is not None else "binary" if self.binary is not None else "frames"
        return f"send_raw {kind} by {self.by}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect(Step):
    """Each of the connections gets a matching frame."""

    frame: str
    at: tuple[str, ...]
    pattern: Raw
    next: bool = False
    within: str | None = None

    @property
    def label(self) -> str:
        return f"expect {self.frame} at {', '.join(self.at)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Never(Step):
    """None of the connections gets a matching frame; the frame `*` is any."""

    frame: str
    at: tuple[str, ...]
    pattern: Raw

    @property
    def label(self) -> str:
        return f"never {self.frame} at {', '.join(self.at)}"


@dataclass(frozen=True, slots=True)
class Alternative:
    """One thing that may happen on a connection: exactly one of a frame, close codes, a drop, a refusal."""

    frame: str | None = None
    pattern: Raw = None
    close: tuple[str, ...] = ()
    dropped: bool = False
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectEither(Step):
    """The first of several things happens."""

    at: str
    alternatives: tuple[Alternative, ...]
    within: str | None = None

    @property
    def label(self) -> str:
        return f"expect_either at {self.at}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectClose(Step):
    """The server closes the connections, with one of these codes (any, if there are none)."""

    at: tuple[str, ...]
    codes: tuple[str, ...] = ()
    or_dropped: bool = False
    within: str | None = None

    @property
    def label(self) -> str:
        return f"expect_close at {', '.join(self.at)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect(Step):
    """Open a connection, or show that it is refused."""

    who: str
    instance: int | None = None
    join: tuple[str, ...] = ()
    token: Raw = None
    query: Mapping[str, Raw] = field(default_factory=dict)
    origin: str | None = None
    refused: bool = False

    @property
    def label(self) -> str:
        return f"connect {self.who}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnect(Step):
    """Leave, with a close handshake or by a TCP reset (`drop`)."""

    who: tuple[str, ...]
    drop: bool = False

    @property
    def label(self) -> str:
        return f"disconnect {', '.join(self.who)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WsPing(Step):
    """A WebSocket ping whose pong must carry the same payload."""

    by: str
    payload: Raw

    @property
    def label(self) -> str:
        return f"ws_ping by {self.by}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync(Step):
    """A barrier at these connections."""

    who: tuple[str, ...]

    @property
    def label(self) -> str:
        return f"sync {', '.join(self.who)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat(Step):
    """The steps so many times, with `name` counting from 1, or taking the `values` in turn."""

    times: Raw
    steps: tuple[Step, ...]
    name: str | None = None
    values: tuple[Raw, ...] = ()

    @property
    def label(self) -> str:
        return f"repeat {self.times}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FasterThan(Step):
    """The steps, which tell something of the server only if they take less than so many times this timer of it."""

    timer: str
    times: int
    steps: tuple[Step, ...]

    @property
    def label(self) -> str:
        return f"faster_than {self.timer}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Together(Step):
    """The branches at the same time."""

    branches: tuple[tuple[Step, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Step):
    """Ask for page after page: `follow` maps a reply field to the request field of the next page."""

    frame: str
    by: str
    fields: Raw
    reply: str
    follow: Mapping[str, str]
    going_on: Raw
    collect: Mapping[str, str]
    pattern: Raw

    @property
    def label(self) -> str:
        return f"page {self.frame} by {self.by}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Collect(Step):
    """After a barrier, claim all unclaimed matches and bind the list of them (or of one field of each)."""

    frame: str
    at: str
    into: str
    pattern: Raw
    field: str | None = None
    count: Raw = None
    at_least: Raw = None
    at_most: Raw = None

    @property
    def label(self) -> str:
        return f"collect {self.frame} at {self.at}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Step):
    """Match what was captured or collected."""

    value: Raw
    pattern: Raw

    @property
    def label(self) -> str:
        return f"check {self.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Provision(Step):
    """Give a user a role in a conversation, or (role None) make it no member."""

    conversation: str
    user: str
    role: str | None

    @property
    def label(self) -> str:
        change = f"{self.user} as {self.role}" if self.role else f"{self.user} removed"
        return f"provision {change} in {self.conversation}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause(Step):
    """Wait for a timer of the server."""

    timer: str

    @property
    def label(self) -> str:
        return f"pause {self.timer}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Restart(Step):
    """Kill the server and start it again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverFetched(Step):
    """Nobody asks this trap for anything."""

    honeypot: str

    @property
    def label(self) -> str:
        return f"never_fetched {self.honeypot}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observe(Step):
    """Probes only: which of the choices is seen at a connection."""

    at: str
    choices: Mapping[str, Alternative]
    otherwise: str

    @property
    def label(self) -> str:
        return f"observe {self.at}"


@dataclass(frozen=True, slots=True)
class User:
    """A user of the scenario; `instance` counts from 1, None is any."""

    connect: bool = True
    instance: int | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """A conversation: user → role, and which connections join it first (None: all whose role may)."""

    members: Mapping[str, str]
    visibility: str
    join: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Given:
    """Who and what exists before the first step; `bystanders` are the connections that no step may use."""

    users: Mapping[str, User]
    devices: Mapping[str, int | None]
    conversations: Mapping[str, Conversation]
    unknown: tuple[str, ...] = ()
    honeypots: tuple[str, ...] = ()
    bystanders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Allowed:
    """A frame that may also arrive (`at` empty: anywhere)."""

    frame: str
    at: tuple[str, ...]
    pattern: Raw


@dataclass(frozen=True, slots=True)
class Cell:
    """The cell of a table that a case was made from; `at` is its row and its column there, counted from 0."""

    table: Path
    row: str
    column: str
    value: str
    at: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario, or one case of it (then `id` ends in `[case]`); for `revision` see `scenario.revision`."""

    id: str
    title: str
    feature: str
    rules: tuple[str, ...]
    file: Path
    line: int
    given: Given
    setup: tuple[Step, ...]
    steps: tuple[Step, ...]
    tags: frozenset[str] = frozenset()
    needs: Mapping[str, Any] = field(default_factory=dict)
    exclusive: bool = False
    allow: tuple[Allowed, ...] = ()
    cell: Cell | None = None
    revision: str = ""

    @property
    def base(self) -> str:
        """The id without its case."""
        return self.id.partition("[")[0]


@dataclass(frozen=True, slots=True)
class Probe:
    """An observation without a verdict: a scenario to play, and why a difference bites."""

    scenario: Scenario
    why: str

    @property
    def id(self) -> str:
        return self.scenario.id
