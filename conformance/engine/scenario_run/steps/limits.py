"""A scenario sends no more than the target's limits allow, unless it is about them: a refusal would say nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from conformance.engine.context.failure import LimitDoesNotFit

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.engine.context.scenario_context import ScenarioContext
    from conformance.spec.protocol import Bound
    from conformance.wire.events import Received

LIST = "[]"


def keep_limits(who: str, frame: Mapping[str, Any], context: ScenarioContext) -> None:
    """Raise LimitDoesNotFit if a frame is over a limit of the target that its scenario does not use."""
    kind = frame[context.run.spec.protocol.discriminator]
    for bound in context.run.spec.protocol.bounds:
        if bound.size is None or bound.of not in (None, kind):
            continue
        if bound.field is None:
            keep_frame_limit(len(json.dumps(frame, ensure_ascii=False).encode("utf-8", "surrogatepass")), context)
            continue
        for value in _values(frame, bound.field):
            _keep(bound, _size(bound, value, who, frame, context), context)


def keep_frame_limit(size: int, context: ScenarioContext) -> None:
    """Raise LimitDoesNotFit if a frame has more bytes than the target allows, and its scenario is not about that."""
    for bound in context.run.spec.protocol.bounds:
        if bound.of is None and bound.field is None and bound.size is not None:
            _keep(bound, size, context)


def full_page(context: ScenarioContext, who: str, page: Received | None) -> LimitDoesNotFit | None:
    """Say that a page lacks what a scenario expects because the target's pages are smaller than the protocol's."""
    if page is None or context.scenario is None or context.observing or not isinstance(page.frame.value, dict):
        return None
    for facts in (one.facts for one in context.run.spec.invariants if one.kind == "page"):
        if page.frame.type != facts["reply"]:
            continue
        items = page.frame.value.get(facts["list"])
        limit = _page_limit(facts["limit"], _asked(context, who, facts), context)
        most = context.run.target.look_up(limit) if limit else None
        if most is None or limit in context.scenario.limits or not isinstance(items, list) or len(items) < most:
            continue
        group, _, name = limit.partition(".")
        if most < context.run.spec.protocol.profile[group][name]:
            return LimitDoesNotFit(
                f"it needs a page of more than {most}, and the target declares {limit} = {most}", limit
            )
    return None


def _page_limit(facts: Mapping[str, Any], asked: Mapping[str, Any], context: ScenarioContext) -> str:
    """Name the limit of the target that made a page shorter than its request; empty: none did."""
    wanted, most = asked.get(facts["field"]), context.run.target.look_up(facts["most"])
    if wanted is None:
        return str(facts["default"])
    return str(facts["most"]) if isinstance(wanted, int) and most is not None and wanted > most else ""


def _asked(context: ScenarioContext, who: str, facts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Give the latest request for such a page."""
    kind = context.run.spec.protocol.discriminator
    sent = [line.what for line in context.transcript.lines if line.who == who and isinstance(line.what, dict)]
    return next((one for one in reversed(sent) if one.get(kind) == facts["request"]), {})


def _keep(bound: Bound, size: int | float | None, context: ScenarioContext) -> None:
    # A probe sends more on purpose, to see the limit.
    if size is None or context.scenario is None or context.observing or bound.by in context.scenario.limits:
        return
    most = context.run.target.look_up(bound.by)
    if most is not None and size > most:
        place = f" in {bound.field}" if bound.field else ""
        message = f"it sends {size:,} {bound.unit}{place}, and the target declares {bound.by} = {most:,}"
        raise LimitDoesNotFit(message, bound.by)


def _values(value: Any, place: str) -> Iterator[Any]:
    """Give what a frame has at a place such as `items[].size`."""
    name, _, rest = place.partition(".")
    found = value.get(name.removesuffix(LIST)) if isinstance(value, dict) else None
    for one in found if name.endswith(LIST) and isinstance(found, list) else [found]:
        yield from _values(one, rest) if rest else [one]


def _size(bound: Bound, value: Any, who: str, frame: Mapping[str, Any], context: ScenarioContext) -> int | float | None:
    """Measure a value; None: it has another type than its schema says, or its size says nothing."""
    match bound.size, value:
        case "length", str():
            return len(value)
        case "bytes", str():
            return len(value.encode("utf-8", "surrogatepass"))
        case "items", list():
            return len(value)
        case "value", int() | float() if not isinstance(value, bool):
            return value
        case "distinct", str():
            key = (bound.by, who.partition("@")[0], str(frame.get(bound.per or "")))
            seen = context.distinct.setdefault(key, set())
            seen.add(value)
            return len(seen)
    return None
