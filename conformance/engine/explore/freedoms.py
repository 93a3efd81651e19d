"""Where the protocol leaves a server free: the frozen form of `spec/freedoms.yaml`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.files.documents import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from conformance.spec import Spec

ANY = "*"
ANSWER, EVENTS, END, MISTAKE = "answer", "events", "end", "mistake"
"""What may be free: the answer, what others get, and whether the connection ends. What is a mistake is never free."""
REVIVAL = "revival"
"""How a frame is counted that comes to a connection of which nobody knows whether it is still subscribed."""
ALLOWED = "allowed"
"""The label of a request whose sender has the right to it. Nobody is free to grant it to others."""


@dataclass(frozen=True, slots=True)
class Freedom:
    """A choice in how a request is handled: for which request and labels, what may differ, and who says so.

    `unless`: there is no choice if the request has one of these labels. `parts`: after it the two servers may hold
    different states.
    """

    request: str
    when: frozenset[str]
    free: frozenset[str]
    parts: bool
    source: str
    unless: frozenset[str] = frozenset()

    def fits(self, request: str, labels: frozenset[str]) -> bool:
        """Say whether it is about a request with these labels; never where the sender has no right to it."""
        if ALLOWED not in labels or self.unless & labels:
            return False
        return self.request in (ANY, request) and self.when <= labels


@dataclass(frozen=True, slots=True)
class FreeFrame:
    """Frames that are not compared: of this type, with these fields, unless this request causes them.

    `about`: only at the connections of the user that this field names. `by_own`: only at other connections of who
    sent the request. `profile`: only where the profiles of the two servers differ in this.
    """

    frame: str
    having: Mapping[str, Any]
    unless: str | None
    about: str | None
    by_own: bool
    profile: str | None
    source: str


@dataclass(frozen=True, slots=True)
class Freedoms:
    """All choices. `echo` is the profile's name of the choice whether who acts gets the own event."""

    requests: tuple[Freedom, ...]
    frames: tuple[FreeFrame, ...]
    echo: str

    def of(self, asked: Iterable[tuple[str, frozenset[str]]], what: str) -> Freedom | None:
        """Give the freedom in `what` (answer or events) of one of these requests; None: they must agree."""
        found = [one for kind, labels in asked for one in self.requests if what in one.free and one.fits(kind, labels)]
        return max(found, key=lambda one: one.parts, default=None)


def read_freedoms(spec: Spec) -> Freedoms:
    """Read `freedoms.yaml` of a spec folder; raises BadFile."""
    document = read_yaml(spec.folder / "freedoms.yaml")
    spec.formats["freedoms"].check(document)
    value = document.value
    return Freedoms(
        requests=tuple(
            Freedom(
                one["request"],
                frozenset(one.get("when", ())),
                frozenset(one["free"]),
                one.get("parts", False),
                _source(one),
                frozenset(one.get("unless", ())),
            )
            for one in value["requests"]
        ),
        frames=tuple(
            FreeFrame(
                one["frame"],
                one.get("with", {}),
                one.get("unless"),
                one.get("about"),
                one.get("by") == "own",
                one.get("profile"),
                _source(one),
            )
            for one in value["frames"]
        ),
        echo=value["echo"],
    )


def _source(value: Mapping[str, Any]) -> str:
    return str(value.get("probe") or value["rule"])
