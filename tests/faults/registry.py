"""All faults by name, and what is known of each."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from typing import TYPE_CHECKING, Any

import tests.faults
from tests.faults.patching import Patch
from tests.proxy.registry import all_wire_faults

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.spec import Spec
    from tests.proxy.rules import Rules

__all__ = ["Fault", "Patch", "all_faults", "fault", "find_faults", "known_faults"]

Wrong = Callable[[Patch], None]

_FAULTS: dict[str, Fault] = {}


@dataclass(frozen=True, slots=True)
class Fault:
    """A named wrong: the rules that it breaks, the ones that it cannot help breaking, and how it is done.

    `alone`: the wrong of one scenario would be seen or undone by others, so nothing may be run beside it. `rules`: the
    wrong is done by a proxy before a sound server. `profile`: what the target file says of the server.
    """

    name: str
    sentence: str
    breaks: tuple[str, ...]
    also: tuple[str, ...]
    alone: bool
    group: str
    apply: Wrong
    rules: Callable[[], Rules] | None = None
    profile: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def lines(self) -> int:
        """Count the lines of its function, without the decorator and empty ones."""
        source = inspect.getsource(self.apply)
        return sum(bool(line.strip()) for line in source[source.index("def ") :].splitlines())

    def touches(self, spec: Spec) -> set[str]:
        """Give the features that it may turn red."""
        return {feature for rule in (*self.breaks, *self.also) for feature in spec.rules[rule].features}


def fault(
    *,
    breaks: Sequence[str],
    also: Sequence[str] = (),
    alone: bool = False,
    profile: Mapping[str, Mapping[str, Any]] | None = None,
) -> Callable[[Wrong], Wrong]:
    """Register the decorated function as a fault that breaks these rules."""

    def register(function: Wrong) -> Wrong:
        name = function.__name__
        if name in _FAULTS:
            raise ValueError(f"there are two faults {name}")
        sentence = " ".join((function.__doc__ or "").split())
        group = function.__module__.rpartition(".")[2]
        consequences = tuple(rule for rule in also if rule not in breaks)
        _FAULTS[name] = Fault(
            name, sentence, tuple(breaks), consequences, alone, group, function, profile=profile or {}
        )
        return function

    return register


def all_faults() -> Mapping[str, Fault]:
    """Read every file of faults and give them in the order of their names."""
    for module in pkgutil.iter_modules(tests.faults.__path__):
        if module.name != "__main__":
            importlib.import_module(f"tests.faults.{module.name}")
    return dict(sorted(_FAULTS.items()))


def wire_faults() -> Mapping[str, Fault]:
    """Give the faults that a proxy puts on the wire (see `tests.proxy`), in the order of their names."""
    wrongs = [one for one in all_wire_faults().values() if not one.legal]
    return {
        one.name: Fault(one.name, one.sentence, one.breaks, (), one.alone, "wire", _nothing, one.rules)
        for one in wrongs
    }


def _nothing(_: Patch) -> None:
    """Change nothing of the server."""


@cache
def known_faults() -> Mapping[str, Fault]:
    """Give the faults of the server and those on the wire."""
    return dict(all_faults()) | dict(wire_faults())


def find_faults(patterns: Sequence[str]) -> list[Fault]:
    """Give the faults whose name, file or broken rule is, or matches, one of the patterns (none: all)."""
    faults = list(known_faults().values())
    for pattern in patterns:
        if not any(_named(one, pattern) for one in faults):
            raise LookupError(f"no fault is called {pattern!r}, is in a file of that name or breaks such a rule")
    return [one for one in faults if not patterns or any(_named(one, pattern) for pattern in patterns)]


def _named(one: Fault, pattern: str) -> bool:
    return any(fnmatchcase(name, pattern) for name in (one.name, one.group, *one.breaks))
