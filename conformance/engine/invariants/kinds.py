"""The kinds of invariants, and the check for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.engine.invariants.answers import Answers
from conformance.engine.invariants.causes import Caused
from conformance.engine.invariants.continued import Continued
from conformance.engine.invariants.events import Joined, NotOwn, Once
from conformance.engine.invariants.folded import FoldedMembers, FoldedText
from conformance.engine.invariants.frames import Greeting, Instants, Schema, Secret
from conformance.engine.invariants.gaps import Gapless
from conformance.engine.invariants.messages import Deleted, Distinct, Lasting, Marked
from conformance.engine.invariants.order import Order
from conformance.engine.invariants.pages import Page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.engine.invariants.check import Check

KINDS: Mapping[str, type[Check]] = {
    "schema": Schema,
    "secret": Secret,
    "instants": Instants,
    "greeting": Greeting,
    "replies": Answers,
    "once": Once,
    "joined": Joined,
    "not_own": NotOwn,
    "order": Order,
    "gapless": Gapless,
    "lasting": Lasting,
    "deleted": Deleted,
    "marked": Marked,
    "distinct": Distinct,
    "page": Page,
    "continued": Continued,
    "caused": Caused,
    "folded_text": FoldedText,
    "folded_members": FoldedMembers,
}
"""`kind` of `spec/invariants.yaml` → its check."""
