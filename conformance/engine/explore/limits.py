"""The limits that a conversation keeps: where two servers differ, those of the stricter one."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.engine.explore.knowledge import FieldValues, Knowledge, Odd, RequestUse
    from conformance.target import Target

_LIMIT = re.compile(r"\$\{(limits\.\w+)\}")
HUGE = 100_000
"""A number beyond every limit."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The profiles of the servers that a conversation is run against."""

    targets: tuple[Target, ...]

    def least(self, path: str) -> int | None:
        """Give the stricter limit; None: neither server has one."""
        values = [one.look_up(path) for one in self.targets if one.look_up(path) is not None]
        return min(values, default=None)

    def most(self, path: str) -> int | None:
        """Give the looser limit; None: a server has none."""
        values = [one.look_up(path) for one in self.targets]
        return None if None in values else max(values)

    def agree(self, path: str) -> bool:
        """Say whether the servers declare the same."""
        return len({repr(one.look_up(path)) for one in self.targets}) == 1

    def all(self, path: str) -> bool:
        """Say whether every server declares that it has an option."""
        return all(bool(one.look_up(path)) for one in self.targets)

    @property
    def instances(self) -> int:
        """Give the number of instances that every server has."""
        return min(len(one.instances) for one in self.targets)

    @property
    def connections(self) -> int:
        """Give the number of connections that every server's throttle allows at once."""
        most = [one.throttle.limits.open_connections for one in self.targets]
        return min((one for one in most if one is not None), default=HUGE)

    def sizes(self, use: RequestUse) -> list[tuple[str, Any]]:
        """Give sizes of a page at the limit and beyond it, each with its label."""
        assert use.page is not None, "a request with pages has sizes of them"
        maximum, looser = self.least(use.page[1]) or HUGE, self.most(use.page[1])
        over = [("over", looser + 1)] if looser is not None else []
        return [("limit", maximum), ("zero", 0), ("negative", -1), ("over", HUGE), *over]

    def lengths(self, values: FieldValues, letter: str) -> list[tuple[str, Any]]:
        """Give a text of the greatest length, and one that is longer; nothing if there is no limit."""
        least, most = (self.least(values.text), self.most(values.text)) if values.text else (None, None)
        if least is None or most is None:
            return []
        return [
            (label, {"$fill": {"text": letter, "times": size}})
            for label, size in (("limit", least), ("over", most + 1))
        ]

    def value(self, path: str) -> Any:
        """Give a value of the first server."""
        return self.targets[0].look_up(path)

    def usable(self, knowledge: Knowledge) -> Knowledge:
        """Leave out the values that are made of a limit which a server does not have."""

        def has(value: Any) -> bool:
            return all(self.most(path) is not None for path in _LIMIT.findall(json.dumps(value)))

        def kept(some: Iterable[Any]) -> tuple[Any, ...]:
            return tuple(filter(has, some))

        def of_classes(values: FieldValues) -> FieldValues:
            classes = {label: kept(some) for label, some in values.classes.items()}
            return replace(values, classes={label: some for label, some in classes.items() if some})

        def of_odd(odd: Iterable[Odd]) -> tuple[Odd, ...]:
            found = (replace(one, values=kept(one.values)) for one in odd)
            return tuple(one for one in found if one.values)

        fields = {name: of_classes(one) for name, one in knowledge.fields.items()}
        return replace(knowledge, fields=fields, raw=of_odd(knowledge.raw))
