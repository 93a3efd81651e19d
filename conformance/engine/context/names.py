"""The names of one scenario run: their values, and how they replace the references in a scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.engine.context.failure import Broken
from conformance.scenario.template import TemplateError, look_up, plain, render

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.scenario.steps import Raw
    from conformance.spec.protocol import Protocol
    from conformance.target import Target


class Names:
    """The names bound so far, and the target's profile; `tokens` has the tokens that users connected with."""

    def __init__(self, target: Target, protocol: Protocol) -> None:
        self.tokens: dict[str, str] = {}
        self._target = target
        self._protocol = protocol
        self._bound: dict[str, Any] = {}

    def bind(self, captures: Mapping[str, Any]) -> None:
        """Bind captured values to their names, over earlier ones."""
        self._bound.update(captures)

    def render(self, raw: Raw) -> Any:
        """Replace names and generated values; raises Broken for a mistake in them."""
        try:
            return render(raw, self._resolve, self._order)
        except TemplateError as error:
            raise Broken(str(error)) from None

    def value(self, raw: Raw) -> Any:
        """Render data that is sent."""
        return plain(self.render(raw))

    def collected(self, name: str) -> list[Any]:
        """Give a copy of the list that a name is bound to; empty for an unbound name."""
        bound = self._bound.get(name, [])
        if not isinstance(bound, list):
            raise Broken(f"${{{name}}} is not a list that could grow")
        return list(bound)

    def readable(self) -> dict[str, str]:
        """Map each id to its name, for transcripts."""
        return {
            value: name
            for name, value in self._bound.items()
            if isinstance(value, str) and len(value) >= 16 and "." not in name
        }

    def _resolve(self, name: str) -> Any:
        if name.partition(".")[0] in self._target.profile:
            return self._target.look_up(name)
        if name.endswith(".token"):
            return self.tokens[name.removesuffix(".token")]
        return look_up(self._bound, name)

    def _order(self, name: str, items: list[Any]) -> list[Any]:
        order = self._protocol.orders.get(name)
        if order is None:
            raise TemplateError(f"the protocol has no order {name!r}")
        return items[::-1] if self._target.look_up(order.profile) == order.reversed_when else items
