"""All variants by name, and what is known of each."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import tests.variants
from tests.faults.patching import Patch

__all__ = ["Patch", "Variant", "all_variants", "combined", "find_variants", "variant"]

Difference = Callable[[Patch], None]
Profile = Mapping[str, Mapping[str, Any]]
JOINT = "+"

_VARIANTS: dict[str, Variant] = {}


@dataclass(frozen=True, slots=True)
class Variant:
    """A named legal difference: what its target file would say, which should rules it does not keep, how it is done."""

    name: str
    sentence: str
    group: str
    apply: Difference
    profile: Profile = field(default_factory=dict)
    amber: tuple[str, ...] = ()
    about: tuple[str, ...] = ()
    instances: int = 2

    @property
    def lines(self) -> int:
        """Count the lines of its function, without the decorator."""
        source = inspect.getsource(self.apply)
        return len(source[source.index("def ") :].splitlines())


def variant(
    *, profile: Profile | None = None, amber: Sequence[str] = (), about: Sequence[str] = (), instances: int = 2
) -> Callable[[Difference], Difference]:
    """Register the decorated function as a variant."""

    def register(function: Difference) -> Difference:
        name = function.__name__
        if name in _VARIANTS:
            raise ValueError(f"there are two variants {name}")
        sentence = " ".join((function.__doc__ or "").split())
        group = function.__module__.rpartition(".")[2]
        near = tuple(dict.fromkeys((*about, *amber)))
        _VARIANTS[name] = Variant(name, sentence, group, function, profile or {}, tuple(amber), near, instances)
        return function

    return register


def all_variants() -> Mapping[str, Variant]:
    """Read every file of variants and give them in the order of their names."""
    for module in pkgutil.iter_modules(tests.variants.__path__):
        if module.name != "__main__":
            importlib.import_module(f"tests.variants.{module.name}")
    return dict(sorted(_VARIANTS.items()))


def find_variants(patterns: Sequence[str]) -> list[Variant]:
    """Give the variants whose name or file is, or matches, one of the patterns (none: all); `a+b` is both in one."""
    known = list(all_variants().values())
    found: dict[str, Variant] = {}
    for pattern in patterns or ["*"]:
        if JOINT in pattern:
            here = [combined(pattern)]
        else:
            here = [one for one in known if fnmatchcase(one.name, pattern) or one.group == pattern]
        if not here:
            raise LookupError(f"no variant is called {pattern!r} or is in a file of that name")
        found |= {one.name: one for one in here}
    return list(found.values())


def combined(name: str) -> Variant:
    """Give the variant of a name, or the one that is all those of `a+b+c` at once; raises LookupError."""
    known = all_variants()
    unknown = [part for part in name.split(JOINT) if part not in known]
    if unknown:
        raise LookupError(f"no variant is called {unknown[0]!r}")
    parts = [known[part] for part in name.split(JOINT)]
    if len(parts) == 1:
        return parts[0]
    profile: dict[str, dict[str, Any]] = {}
    for one in parts:
        for group, values in one.profile.items():
            profile.setdefault(group, {}).update(values)

    def apply(patch: Patch) -> None:
        for one in parts:
            one.apply(patch)

    return Variant(
        name,
        " ".join(one.sentence for one in parts),
        "several",
        apply,
        profile,
        tuple(rule for one in parts for rule in one.amber),
        tuple(rule for one in parts for rule in one.about),
        min(one.instances for one in parts),
    )
