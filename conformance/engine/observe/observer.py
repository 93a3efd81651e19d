"""Judges the messages between clients and a server; keeps only counts, the latest lines and the violations."""

from __future__ import annotations

import base64
import json
import secrets
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conformance.engine.invariants import Evaluator, Observation
from conformance.engine.observe.head import tokens_among
from conformance.engine.observe.redacting import Style, redacted, said_without_values, without_content
from conformance.results.causes import cause
from conformance.results.model import Entry
from conformance.wire.frames import read

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from conformance.engine.invariants import Violation
    from conformance.spec import Spec
    from conformance.spec.shapes import Shape
    from conformance.target import Target
    from conformance.target.dialect import Direction
    from conformance.wire.frames import Frame

LATEST = 30
"""The number of latest lines kept for each connection, to show what came before a violation."""

LONG = 500
"""Characters; a longer frame is shortened immediately."""

MOST_CAUSES = 500
"""The most different violations that are kept; further ones are only counted."""

MOST_NAMES = 20
"""The most connections that are named for one violation."""


@dataclass(slots=True)
class Seen:
    """Violations of one kind: the first one, the lines before it, the clients, and the count."""

    violation: Violation
    type: str | None
    entries: tuple[Entry, ...]
    clients: dict[str, None] = field(default_factory=dict)
    count: int = 0


@dataclass(frozen=True, slots=True)
class _Line:
    """A frame with its time in milliseconds and its direction."""

    at: float
    way: str
    frame: Frame


@dataclass(slots=True)
class _Link:
    client: str
    user: str | None
    lines: deque[Entry | _Line] = field(default_factory=lambda: deque(maxlen=LATEST))
    blind: set[str] = field(default_factory=set)


class Observer:
    """Takes whole messages of many connections, in the order in which they passed.

    `redact` removes secrets from a text. `keep_content`: the kept lines have the texts of messages. `epoch`: times are
    seconds since 1970. `on_violation` is called with the first violation of each kind, and `record` with each line of
    a recording, which `capture.read_capture` reads. `complete`: all clients of the server are observed.
    """

    def __init__(
        self,
        spec: Spec,
        target: Target | None = None,
        *,
        keep_content: bool = False,
        epoch: bool = True,
        redact: Callable[[str], str] = str,
        on_violation: Callable[[Seen], None] = lambda _: None,
        record: Callable[[str], object] | None = None,
        complete: bool = False,
    ) -> None:
        self.spec = spec
        self.frames: Counter[str] = Counter()
        self.types: Counter[tuple[str, str]] = Counter()
        self.connections = 0
        self.violations = 0
        self.wrong: dict[tuple[str | None, str, str], Seen] = {}
        self.blind: Counter[str] = Counter()
        self.used: set[str] = set()
        profile = target.profile if target is not None else None
        self._evaluator = Evaluator(spec, profile=profile, epoch=epoch, complete=complete)
        self._dialect = target.dialect if target is not None else None
        self._key = spec.protocol.discriminator
        self._keep = keep_content
        self._redact = redact
        self._tell = on_violation
        self._record = record
        self._salt = secrets.token_bytes(16)
        self._links: dict[str, _Link] = {}
        self._began: float | None = None
        self.last = 0.0

    @property
    def began(self) -> float:
        """The time of the first observation."""
        return self._began or 0.0

    @property
    def seen(self) -> Mapping[tuple[str, str], int]:
        """How often each rule could be judged: (rule, invariant) → times."""
        return self._evaluator.seen_by_invariant

    @property
    def open(self) -> int:
        """How many connections are open."""
        return len(self._links)

    def opened(
        self,
        connection: str,
        client: str,
        at: float,
        user: str | None = None,
        secrets: tuple[str, ...] = (),
        *,
        whole: bool = True,
    ) -> None:
        """Begin a connection; `secrets` are those of its client. `whole`: it is observed from its beginning."""
        self.connections += 1
        link = _Link(client, user)
        self._links[connection] = link
        self._note(link, at, "·", "connected")
        if whole:
            self._evaluator.feed(Observation(at, client, connection, user, "opened"))
        self._evaluator.guard(connection, *tokens_among(secrets))
        self._write({"at": at, "connection": connection, "direction": "opened", "user": user})

    def message(self, connection: str, way: str, data: str | bytes, at: float, problem: str = "") -> None:
        """Judge a message that the client has `sent` or `received`."""
        link = self._links.get(connection)
        if link is None or link.blind:
            return
        sent = way == "sent"
        known = self.spec.incoming if sent else self.spec.outgoing
        dialect: Direction | None = None
        if self._dialect is not None:
            dialect = self._dialect.incoming if sent else self._dialect.outgoing
        frame = read(data, self._key, known, dialect)
        self.frames[way] += 1
        self.used |= frame.used or frozenset()
        if frame.type is not None:
            self.types[way, frame.type] += 1
        self._line(link, frame, at, sent=sent)
        if self._record is not None:
            self._write({"at": at, "connection": connection, "direction": way, **self._shown(frame, data, sent=sent)})
        detail = problem or frame.problem or ""
        found = self._evaluator.feed(
            Observation(at, link.client, connection, link.user, "sent" if sent else "received", frame.value, detail)
        )
        for one in found:
            self._take(one, link, frame.type)

    def note(self, connection: str, said: str, at: float) -> None:
        """Keep a line about a connection, such as a ping."""
        link = self._links.get(connection)
        if link is not None:
            self._note(link, at, "·", said)

    def lose(self, connection: str, way: str, reason: str, at: float) -> None:
        """Note that one direction can no longer be read; the connection is not judged from then on."""
        link = self._links.get(connection)
        if link is None:
            return
        if not link.blind:
            self.blind[reason if len(self.blind) < MOST_CAUSES else "for other reasons"] += 1
            self._evaluator.feed(Observation(at, link.client, connection, link.user, "closed", None, reason))
        link.blind.add(way)
        self._note(link, at, "·", f"not judged from here on ({way}): {reason}")

    def closed(self, connection: str, how: str, at: float) -> None:
        """End a connection."""
        link = self._links.pop(connection, None)
        if link is not None and not link.blind:
            self._evaluator.feed(Observation(at, link.client, connection, link.user, "closed", None, how))
            self._write({"at": at, "connection": connection, "direction": "closed"})

    def _take(self, violation: Violation, link: _Link, kind: str | None) -> None:
        said = violation.explanation
        if not self._keep:
            said = said_without_values(said)
        said = self._redact(said)
        self.violations += violation.by == "server"
        key = (violation.rule, violation.invariant, cause(said))
        found = self.wrong.get(key)
        if found is None:
            if len(self.wrong) >= MOST_CAUSES:
                return
            placed = type(violation)(
                violation.rule, violation.invariant, violation.client, violation.index, said, violation.by
            )
            found = self.wrong[key] = Seen(placed, kind, self._entries(link))
        found.count += 1
        if len(found.clients) < MOST_NAMES:
            found.clients[link.client] = None
        if found.count == 1:
            self._tell(found)

    def _line(self, link: _Link, frame: Frame, at: float, *, sent: bool) -> None:
        """Keep a line; it becomes text only when a violation needs it, unless the frame is long."""
        line = _Line(self._since(at), "→" if sent else "←", frame)
        link.lines.append(line if len(frame.text) <= LONG else self._entry(line, link))

    def _write(self, line: Mapping[str, object]) -> None:
        if self._record is not None:
            self._record(self._redact(json.dumps(line, separators=(",", ":"))) + "\n")

    def _shown(self, frame: Frame, data: str | bytes, *, sent: bool) -> dict[str, str]:
        """Give a message in the form of a recording."""
        if isinstance(data, bytes):
            return {"binary": base64.b64encode(data if self._keep else bytes(len(data))).decode()}
        if self._keep:
            return {"text": data}
        if frame.value is None:
            return {"text": f"«{len(data)} characters»"}
        shape = self._shape(frame, sent=sent)
        value = without_content(frame.value, shape, self._key, Style(items=len(data), salt=self._salt))
        return {"text": json.dumps(value, separators=(",", ":"))}

    def _shape(self, frame: Frame, *, sent: bool) -> Shape | None:
        known = self.spec.incoming if sent else self.spec.outgoing
        return known[frame.type].shape if frame.type is not None else None

    def _entries(self, link: _Link) -> tuple[Entry, ...]:
        return tuple(one if isinstance(one, Entry) else self._entry(one, link) for one in link.lines)

    def _entry(self, line: _Line, link: _Link) -> Entry:
        frame = line.frame
        if frame.value is None:
            what = frame.text[:200] if self._keep else f"{len(frame.text)} characters: {frame.problem}"
            return Entry(line.at, link.client, line.way, None, self._redact(what)[:200])
        shape = self._shape(frame, sent=line.way == "→")
        value = without_content(frame.value, shape, self._key, Style(keep=self._keep))
        return Entry(line.at, link.client, line.way, redacted(value, self._redact) if self._keep else value)

    def _note(self, link: _Link, at: float, way: str, said: str) -> None:
        link.lines.append(Entry(self._since(at), link.client, way, None, self._redact(said)[:200]))

    def _since(self, at: float) -> float:
        if self._began is None:
            self._began = at
        self.last = max(self.last, at)
        return round((at - self._began) * 1000, 3)
