"""All partial servers by name, and what the report has to say of each."""

from __future__ import annotations

from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from functools import partial as bind
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.partial import elsewhere, odd_ways
from tests.partial.lacking import FOREIGN, HALF, REFUSING, UNKNOWN, lack

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.faults.patching import Patch

FEATURES = Path(__file__).parents[2] / "spec" / "features.yaml"
PAIRS = (
    ("fetch_history", "search_messages", "sync_messages"),
    ("fetch_history", "sync_messages"),
    ("edit_message", "delete_message"),
    ("read_receipts", "delivered_status"),
    ("reactions", "typing_indicators"),
    ("join_conversation", "leave_conversation"),
    ("fetch_history", "ping_pong"),
    ("call_offer", "call_answer", "ice_candidate", "call_hangup", "call_reject"),
)
"""Features that a server may lack together; the first have no other witness of what is stored."""

BAD = frozenset({"FAIL", "PARTIAL", "NOT TESTED", "MISSING"})
PARTS = {**elsewhere.PARTS, **odd_ways.PARTS}
CONNECTION, BARRIER, RATES = "websocket_connection", "ping_pong", "rate_limiting"
NO_ERROR = frozenset({"CONN-3"})
"""Breaks who answers an unknown type with something else than an Error."""
NO_FRAME = frozenset({"CONN-11"})
"""Breaks who answers it with what is no frame of the protocol."""


@dataclass(frozen=True, slots=True)
class Partial:
    """A server without a part.

    `verdicts` are those that each feature in it may have. Any other feature is OK; those of `unseen` build on what is
    lacking, and may be NOT TESTED. `breaks` are the must rules of whole features that it breaks all the same. `profile`
    is what its target file would declare.
    """

    name: str
    apply: Callable[[Patch], None]
    verdicts: Mapping[str, frozenset[str]]
    breaks: frozenset[str] = frozenset()
    unseen: frozenset[str] = frozenset()
    profile: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


@cache
def _features() -> list[dict[str, Any]]:
    features: list[dict[str, Any]] = yaml.safe_load(FEATURES.read_text(encoding="utf-8"))["features"]
    return features


@cache
def types_of() -> dict[str, tuple[str, ...]]:
    """Give the request types of each feature that has a type of its own."""
    owned: dict[str, tuple[str, ...]] = {}
    for one in _features():
        if one["messages"]["incoming"] and one["id"] != "message_attachments":
            owned[one["id"]] = tuple(one["messages"]["incoming"])
    return owned


def partial(name: str) -> Partial:
    """Give a partial server, of which features or single types of requests are lacking; raises LookupError."""
    names, _, way = name.partition(":")
    if not way:
        return Partial(name, *PARTS[name])
    if way not in UNKNOWN and way not in HALF:
        raise LookupError(f"no way is called {way!r}")
    types = [kind for one in names.split("+") for kind in types_of().get(one, (one,))]
    features = [feature for feature, own in types_of().items() if not {*own}.isdisjoint(types)]
    said = {"MISSING"} if way in UNKNOWN else BAD
    verdicts = {one: frozenset(said if {*types_of()[one]} <= {*types} else BAD) for one in features}
    if "send_message" in features:
        verdicts["message_attachments"] = frozenset(said)
    breaks: frozenset[str] = frozenset()
    if way in UNKNOWN and way not in REFUSING:
        verdicts[CONNECTION], breaks = frozenset({"PARTIAL"}), NO_ERROR | (NO_FRAME if way in FOREIGN else set())
    unseen = frozenset(one["id"] for one in _features() if not {*one.get("builds_on", ())}.isdisjoint(features))
    if BARRIER in features:
        unseen |= {RATES}  # without a barrier each wait runs out, and a limit takes longer than its window to reach
    return Partial(name, bind(lack, types=types, way=way), verdicts, breaks, unseen)


def names() -> list[str]:
    """Name them all."""
    groups = ["+".join(some) for some in (*((one,) for one in types_of()), *PAIRS)]
    groups += [kind for types in types_of().values() if len(types) > 1 for kind in types]
    return [*(f"{group}:{way}" for group in groups for way in (*UNKNOWN, *HALF)), *PARTS]


def find(patterns: list[str]) -> list[Partial]:
    """Give those whose name matches; raises LookupError if there is none."""
    found = {name: None for pattern in patterns for name in names() if fnmatchcase(name, pattern)}
    found |= {pattern: None for pattern in patterns if not found and "*" not in pattern}
    if not found:
        raise LookupError(f"no partial server is called {patterns[0]!r}")
    return [partial(name) for name in found]
