"""All wire faults by name, and what is known of each."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

import tests.proxy
from tests.proxy.rules import Rules

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["Rules", "WireFault", "all_wire_faults", "find_wire_faults", "wire_fault"]

Wrong = Callable[[], Rules]

_FAULTS: dict[str, WireFault] = {}


@dataclass(frozen=True, slots=True)
class WireFault:
    """A named change of frames: the rules that it breaks (none: it is legal), and the rules of one connection."""

    name: str
    sentence: str
    breaks: tuple[str, ...]
    alone: bool
    rules: Wrong

    @property
    def legal(self) -> bool:
        """Tell whether a server that sends such frames is right."""
        return not self.breaks

    @property
    def lines(self) -> int:
        """Count the lines of its function, without the decorator."""
        source = inspect.getsource(self.rules)
        return len(source[source.index("def ") :].splitlines())


def wire_fault(*, breaks: Sequence[str], alone: bool = False) -> Callable[[Wrong], Wrong]:
    """Register the decorated function as a wire fault that breaks these rules."""

    def register(function: Wrong) -> Wrong:
        name = function.__name__
        if name in _FAULTS:
            raise ValueError(f"there are two wire faults {name}")
        sentence = " ".join((function.__doc__ or "").split())
        _FAULTS[name] = WireFault(name, sentence, tuple(breaks), alone, function)
        return function

    return register


def all_wire_faults() -> Mapping[str, WireFault]:
    """Read every file of wire faults and give them in the order of their names."""
    for module in pkgutil.iter_modules(tests.proxy.__path__):
        if module.name != "__main__":
            importlib.import_module(f"tests.proxy.{module.name}")
    return dict(sorted(_FAULTS.items()))


def find_wire_faults(patterns: Sequence[str]) -> list[WireFault]:
    """Give the wire faults whose name or broken rule is, or matches, one of the patterns (none: all)."""
    faults = list(all_wire_faults().values())
    for pattern in patterns:
        if not any(_named(one, pattern) for one in faults):
            raise LookupError(f"no wire fault is called {pattern!r} or breaks such a rule")
    return [one for one in faults if not patterns or any(_named(one, pattern) for pattern in patterns)]


def _named(one: WireFault, pattern: str) -> bool:
    return any(fnmatchcase(name, pattern) for name in (one.name, *one.breaks))
