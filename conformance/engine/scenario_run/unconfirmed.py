"""Goes on without a reply that the server gives to nobody, where the scenario is about something else.

Calibration has seen that the requests take effect and that this type of reply, or the one to this request, never comes.
The barrier says instead that a request is handled; only the feature that promises the reply, and rules that are about
it, are judged by it. Where no Error ever comes, a request that gets no success reply is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.engine.context.about import is_about
from conformance.engine.context.failure import Granted
from conformance.scenario.match_result import Matched
from conformance.scenario.matching import match

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from conformance.engine.context.scenario_context import ScenarioContext
    from conformance.results.model import Calibration
    from conformance.scenario.model import Scenario
    from conformance.spec import Spec
    from conformance.wire.connection import Connection


async def goes_on_without(context: ScenarioContext, kind: str, pattern: Any, at: Iterable[str]) -> bool:
    """Tell whether to go on without this reply; a refusal in its place is none that is missing everywhere."""
    scenario, run = context.scenario, context.run
    if scenario is None or context.observing or not never_comes(kind, pattern, run.calibration, run.spec):
        return False
    if not _is_of_another(kind, pattern, scenario, run.spec):
        return False
    await context.quiet()
    if kind == run.spec.protocol.error:
        granted = [name for name in at if _is_granted(context, context.reading(name))]
        if granted:
            raise Granted(f"no {kind} at {granted[0]}, and the request is granted")
    elif any(context.first(context.reading(name), run.spec.protocol.error, {}) is not None for name in at):
        return False
    context.transcript.note("", "·", f"not waited for: the server sends no {kind}")
    context.judged_without.add(kind)
    return True


def never_comes(kind: str, pattern: Any, calibration: Calibration, spec: Spec) -> bool:
    """Tell whether a reply never comes: this type, or the one to each request that may be answered so."""
    if kind in calibration.unseen:
        return True
    key = spec.protocol.discriminator
    replies = ((name, one.reply) for name, one in spec.incoming.items() if one.reply and one.reply[key] == kind)
    answered = {name for name, reply in replies if _may_be(reply.get("with", {}), pattern)}
    return bool(answered) and answered <= {*calibration.unconfirmed}


def _may_be(reply: Mapping[str, Any], pattern: Any) -> bool:
    wanted = pattern if isinstance(pattern, dict) else {}
    return all(isinstance(match(wanted[field], value), Matched) for field, value in reply.items() if field in wanted)


def _is_granted(context: ScenarioContext, connection: Connection) -> bool:
    """Tell whether the latest request of a connection got its own success reply."""
    incoming = context.run.spec.incoming
    last = next((one for one in reversed(connection.sent) if one.type in incoming), None)
    if last is None or incoming[last.type].reply is None:
        return False
    kind, pattern = context.reply_to(last.type)
    return any(
        place not in connection.claimed
        and received.frame.type == kind
        and isinstance(match(dict(pattern), received.frame.value), Matched)
        for place, received in enumerate(connection.log[last.seen :], last.seen)
    )


def _is_of_another(kind: str, pattern: Any, scenario: Scenario, spec: Spec) -> bool:
    """Tell whether it is a plain reply, not the greeting, and neither the scenario nor its rules are about it."""
    protocol = spec.protocol
    if protocol.is_greeting(kind, pattern) or kind in {one.event.frame for one in protocol.trials}:
        return False
    if "$capture" in str(pattern):  # Later steps use what it says.
        return False
    return not is_about(scenario, kind, spec)
