"""How one kind of id is written on the wire. Scenarios and schemas always see a UUID, as the protocol has it.

Both directions must agree for the whole run, also for ids that a scenario invents, so nothing here guesses:

    uuid      as it is
    integer   the number is the UUID's 128 bits: 7 is 00000000-0000-0000-0000-000000000007
    opaque    a UUID stays as it is; any other text becomes the UUID of its SHA-1 (RFC 9562 §5.5) and is remembered
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
"""The largest integer that a server may use as an id."""
LONGEST = 256
"""The most characters of a plausible opaque id."""
MOST = 100_000
"""The most opaque ids that are remembered; the least recently used one is forgotten first."""

_NAMESPACE = uuid.UUID("6f1f3c52-3f0e-5d0a-9d8c-8a6b7c0f4e11")


class Form(Protocol):
    """One way to write an id."""

    def to_wire(self, given: Any) -> Any:
        """Give the wire form; a value that is no id of the protocol stays wrong on the wire."""
        ...

    def from_wire(self, given: Any) -> str:
        """Give the UUID; raises ValueError, which describes a valid id."""
        ...

    def invented(self) -> str:
        """Invent an id, as a UUID, that no server has."""
        ...


def canonical(given: Any) -> uuid.UUID | None:
    """Read a UUID in the protocol's form; None: it is something else."""
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

    def invented(self) -> str:
        """Invent a random UUID."""
        return str(uuid.uuid4())


@dataclass(frozen=True, slots=True)
class Integer:
    """JSON integers from 0; invented ones are in the upper half below `largest`, which no counter reaches."""

    largest: int = LARGEST

    def to_wire(self, given: Any) -> Any:
        """Give the number. A number instead of a UUID is wrong in the protocol, so it becomes a text on the wire."""
        if isinstance(given, int | float) and not isinstance(given, bool):
            return show(given)
        found = canonical(given)
        if found is None:
            return given
        if found.int <= WIDEST:
            return found.int
        # This UUID comes from a file, such as the examples of a schema: it names nothing, and neither does the number.
        return self.largest - found.int % (self.largest // 2)

    def from_wire(self, given: Any) -> str:
        """Give the UUID with these bits."""
        if not isinstance(given, int) or isinstance(given, bool) or not 0 <= given <= WIDEST:
            raise ValueError(f"an integer from 0 to {WIDEST}")
        return str(uuid.UUID(int=given))

    def invented(self) -> str:
        """Invent a large number."""
        half = self.largest // 2
        return str(uuid.UUID(int=random.randint(half + 1, self.largest)))  # noqa: S311 -- a name, not a secret


@dataclass(frozen=True, slots=True)
class Opaque:
    """Texts of any kind. `_texts` maps a UUID back to its text: the only memory of a dialect, and bounded."""

    _texts: OrderedDict[str, str] = field(default_factory=OrderedDict, compare=False, repr=False)

    def to_wire(self, given: Any) -> Any:
        """Give the text that the server sent; a UUID that it never sent is used as it is."""
        if not isinstance(given, str) or given not in self._texts:
            return given
        self._texts.move_to_end(given)
        return self._texts[given]

    def from_wire(self, given: Any) -> str:
        """Give the UUID that replaces this text."""
        if not isinstance(given, str) or not 0 < len(given) <= LONGEST:
            raise ValueError(f"a text of 1 to {LONGEST} characters")
        if canonical(given) is not None:
            return given
        # A lone surrogate has no UTF-8, but it gets a UUID of its own all the same.
        found = str(uuid.uuid5(_NAMESPACE, given.encode("utf-8", "surrogatepass").hex()))
        self._texts[found] = given
        self._texts.move_to_end(found)
        if len(self._texts) > MOST:
            self._texts.popitem(last=False)
        return found

    def invented(self) -> str:
        """Invent a random UUID, which is a text, too."""
        return str(uuid.uuid4())


def form(name: str, largest: int = LARGEST) -> Form:
    """Give the form of this name."""
    if name == "integer":
        return Integer(largest)
    return Opaque() if name == "opaque" else Uuid()
