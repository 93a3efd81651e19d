"""The limits that a conversation keeps: where two servers differ, those of the stricter one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from conformance.engine.explore.knowledge import FieldValues, RequestUse
    from conformance.target import Target

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
