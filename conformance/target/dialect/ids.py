"""How one kind of id is written on the wire. Scenarios and schemas always see a UUID, as the protocol has it.

Both ways must agree for as long as a run lasts, also for ids that a scenario invents, so nothing here guesses:

    uuid      as it is
    integer   the number is the UUID's 128 bits: 7 is 00000000-0000-0000-0000-000000000007
    opaque    a UUID stands for itself, any other text for the UUID of its SHA-1 (RFC 9562 §5.5); the text is remembered
"""

from __future__ import annotations

import random
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any, Protocol

from conformance.files.show import show

LARGEST = 2**53 - 1
"""The largest integer that every JSON library keeps exactly (RFC 8259 §6)."""
WIDEST = 2**64 - 1
"""The largest integer that is taken from a server for an id."""
LONGEST = 256
"""Characters of an opaque id that are plausible."""
MOST = 100_000
"""Opaque ids that are remembered; the one that was used least recently is forgotten first."""

_NAMESPACE = uuid.UUID("6f1f3c52-3f0e-5d0a-9d8c-8a6b7c0f4e11")


class Form(Protocol):
    """One way to write an id."""

    def to_wire(self, given: Any) -> Any:
        """Give the wire form; what is no id of the protocol stays wrong on the wire."""
        ...

    def from_wire(self, given: Any) -> str:
        """Give the UUID; raises ValueError, which says what would be an id."""
        ...

    def fresh(self) -> str:
        """Invent an id, as a UUID, that a server does not have."""
        ...


def canonical(given: Any) -> uuid.UUID | None:
    """Read a UUID in the one form that the protocol has for it; None: it is something else."""
    if not isinstance(given, str) or len(given) != 36:
        return None
    try:
        found = uuid.UUID(given)
    except ValueError:
        return None
    return found if str(found) == given else None


@dataclass(frozen=True, slots=True)
class Uuid:
    """The protocol's own form."""

    def to_wire(self, given: Any) -> Any:
        """Give it as it is."""
        return given

    def from_wire(self, given: Any) -> Any:
        """Give it as it is: its schema judges it."""
        return given

    def fresh(self) -> str:
        """Invent a random UUID."""
        return str(uuid.uuid4())


@dataclass(frozen=True, slots=True)
class Integer:
    """JSON integers from 0; those that are invented lie in the upper half below `largest`, where no counter gets."""

    largest: int = LARGEST

    def to_wire(self, given: Any) -> Any:
        """Give the number. A number where the protocol wants a UUID is wrong, and so it becomes a text."""
        if isinstance(given, int | float) and not isinstance(given, bool):
            return show(given)
        found = canonical(given)
        if found is None:
            return given
        if found.int <= WIDEST:
            return found.int
        # Somebody has written this UUID down, say in the examples of a schema: it names nothing, and so does this.
        return self.largest - found.int % (self.largest // 2)

    def from_wire(self, given: Any) -> str:
        """Give the UUID with these bits."""
        if not isinstance(given, int) or isinstance(given, bool) or not 0 <= given <= WIDEST:
            raise ValueError(f"an integer from 0 to {WIDEST}")
        return str(uuid.UUID(int=given))

    def fresh(self) -> str:
        """Invent a large number."""
        half = self.largest // 2
        return str(uuid.UUID(int=random.randint(half + 1, self.largest)))  # noqa: S311 -- a name, not a secret


@dataclass(frozen=True, slots=True)
class Opaque:
    """Texts of any kind. `_texts` remembers which one a UUID stands for: the only memory of a dialect, and bounded."""

    _texts: OrderedDict[str, str] = field(default_factory=OrderedDict, compare=False, repr=False)

    def to_wire(self, given: Any) -> Any:
        """Give the text that was seen; a UUID that nobody has sent is a text like any other."""
        if not isinstance(given, str) or given not in self._texts:
            return given
        self._texts.move_to_end(given)
        return self._texts[given]

    def from_wire(self, given: Any) -> str:
        """Give the UUID that stands for this text."""
        if not isinstance(given, str) or not 0 < len(given) <= LONGEST:
            raise ValueError(f"a text of 1 to {LONGEST} characters")
        if canonical(given) is not None:
            return given
        # A lone surrogate has no UTF-8; it is told apart all the same.
        found = str(uuid.uuid5(_NAMESPACE, given.encode("utf-8", "surrogatepass").hex()))
        self._texts[found] = given
        self._texts.move_to_end(found)
        if len(self._texts) > MOST:
            self._texts.popitem(last=False)
        return found

    def fresh(self) -> str:
        """Invent a random UUID: it is a text, too."""
        return str(uuid.uuid4())


def form(name: str, largest: int = LARGEST) -> Form:
    """Give the form of this name."""
    if name == "integer":
        return Integer(largest)
    return Opaque() if name == "opaque" else Uuid()
