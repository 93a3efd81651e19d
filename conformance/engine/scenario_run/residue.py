"""The residue of a scenario run: frames that no step expected and no request of the connection explains."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from conformance.scenario.match_result import Matched
from conformance.scenario.matching import match

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.engine.context.scenario_context import ScenarioContext
    from conformance.scenario.model import Allowed, Scenario
    from conformance.wire.connection import Connection
    from conformance.wire.events import Received


def residue(context: ScenarioContext, scenario: Scenario) -> Iterator[tuple[Connection, Received]]:
    """Give (connection, frame) for every frame that should not be there."""
    allowed = [(one, context.names.render(one.pattern)) for one in scenario.allow]
    for connection, strays in _strays(context):
        for received in strays:
            if not any(_is_allowed(one, pattern, connection, received) for one, pattern in allowed):
                yield connection, received


def unexplained(context: ScenarioContext) -> dict[str, list[Received]]:
    """Give each connection's frames that nothing has explained so far."""
    return {connection.name: strays for connection, strays in _strays(context) if connection not in context.past}


def _strays(context: ScenarioContext) -> Iterator[tuple[Connection, list[Received]]]:
    greeting = context.run.spec.protocol.greeting.frame
    everyone = (*context.connections.values(), *context.past)
    granted = {id(connection): _granted(connection, context) for connection in everyone}
    consequences = frozenset(_further(context, {one: granted[id(one)] for one in everyone}))
    per_user: Counter[tuple[str, str]] = Counter()
    for connection in everyone:
        for request in granted[id(connection)]:
            for kind in context.run.spec.incoming[request].echo:
                per_user[connection.name.partition("@")[0], kind] += 1
    for connection in everyone:
        spare = _Spare(connection, granted[id(connection)], per_user, context)
        unclaimed = [one for index, one in enumerate(connection.log) if index not in connection.claimed]
        if unclaimed and unclaimed[0] is connection.log[0] and unclaimed[0].frame.type == greeting:
            del unclaimed[0]  # A greeting of another type; the scenarios about the greeting judge it.
        strays = [one for one in unclaimed if not context.is_ambient(one) and not spare.takes(one)]
        strays = [one for one in strays if not _is_further(one, consequences)]
        yield connection, _without_refused_barriers(strays, connection, context)


def _without_refused_barriers(
    strays: list[Received], connection: Connection, context: ScenarioContext
) -> list[Received]:
    """Leave out one Error for each request of the barrier without reply: a server may count and refuse it, too."""
    refused: set[int] = set()
    for asked, seen in context.unanswered:
        later = {id(one) for one in connection.log[seen:]} - refused if asked is connection else set()
        errors = (id(one) for one in strays if one.frame.type == context.run.spec.protocol.error and id(one) in later)
        refused.update([*errors][:1])
    return [one for one in strays if id(one) not in refused]


def _further(context: ScenarioContext, granted: Mapping[Connection, list[str]]) -> Iterator[tuple[str, str, str]]:
    """Give the type, the field and the user of each event that a server may send for a request besides its own."""
    for invariant in context.run.spec.invariants:
        also = {*invariant.facts.get("also", ())}
        for connection, requests in granted.items():
            user = context.users.get(connection.name.partition("@")[0])
            if user is not None and also & {*requests}:
                yield invariant.facts["frame"], invariant.facts["actor"], user


def _is_further(received: Received, consequences: frozenset[tuple[str, str, str]]) -> bool:
    kind, value = received.frame.type, received.frame.value or {}
    return any(kind == frame and value.get(actor) == user for frame, actor, user in consequences)


def _granted(connection: Connection, context: ScenarioContext) -> list[str]:
    """Give the types of the connection's requests that were not refused.

    Replies come in request order, so the n-th terminal reply belongs to the n-th request that has one. A reply that is
    missing is skipped: it is a fault of its own, and must not turn echoes into strays.
    """
    spec = context.run.spec
    error = spec.protocol.error
    replies = [one.frame for one in connection.log]
    granted = []
    position = 0
    for number, request in enumerate(connection.sent):
        message = spec.incoming.get(request.type)
        reply = None if message is None else message.reply
        if message is not None and reply is None and not _one_too_many(connection, number, position, context):
            continue  # The server answers it only if it fails, and every remaining reply belongs to another request.
        silent = request.type in context.run.calibration.unconfirmed
        if reply is not None and (silent or reply[spec.protocol.discriminator] in context.run.calibration.unseen):
            granted.append(request.type)  # The server says so of no request, and an Error may answer a later one.
            continue
        refused = False
        for index in range(max(position, request.seen), len(replies)):
            have = replies[index]
            if index in connection.barriers:
                continue
            granting = reply is not None and _fits(
                reply[spec.protocol.discriminator], reply.get("with", {}), have.type, have.value
            )
            if have.type == error or granting:
                refused = have.type == error
                position = index + 1
                break
        if reply is not None and not refused:
            granted.append(request.type)
    return granted


def _one_too_many(connection: Connection, number: int, position: int, context: ScenarioContext) -> bool:
    """Say whether more terminal replies are left than later requests that have one."""
    spec = context.run.spec
    replies = [one for kind in connection.sent[number + 1 :] if (one := _reply(kind.type, context)) is not None]
    left = 0
    for index, received in enumerate(connection.log[position:], position):
        frame = received.frame
        if index in connection.barriers:
            continue
        left += frame.type == spec.protocol.error or any(_fits(*reply, frame.type, frame.value) for reply in replies)
    return left > len(replies)


def _reply(request: str, context: ScenarioContext) -> tuple[str, Mapping[str, Any]] | None:
    message = context.run.spec.incoming.get(request)
    if message is None or message.reply is None:
        return None
    return message.reply[context.run.spec.protocol.discriminator], message.reply.get("with", {})


class _Spare:
    """The expected effects of one connection's granted requests that have not arrived yet."""

    def __init__(
        self, connection: Connection, granted: list[str], per_user: Counter[tuple[str, str]], context: ScenarioContext
    ) -> None:
        self._context = context
        self._user = connection.name.partition("@")[0]
        self._id = context.users[self._user]
        spec = context.run.spec
        self._replies: dict[str, list[Mapping[str, Any]]] = {}
        self._actors: dict[str, str] = {}
        unclaimed_echoes: Counter[str] = Counter()
        for request_type in granted:
            reply = spec.incoming[request_type].reply
            assert reply is not None
            self._replies.setdefault(reply[spec.protocol.discriminator], []).append(reply.get("with", {}))
            for kind, actor in spec.incoming[request_type].echo.items():
                self._actors[kind] = actor
                unclaimed_echoes[kind] += 1
        self._echoes = unclaimed_echoes
        self._total = Counter({kind: per_user[self._user, kind] for kind in unclaimed_echoes})
        for index in sorted(connection.claimed - connection.barriers):
            self._spend_claimed(connection.log[index])

    def takes(self, received: Received) -> bool:
        """Say whether this unclaimed frame is such an effect, and count it off."""
        kind = received.frame.type
        if kind is None:
            return False
        if self._is_reply(received):
            return True
        may_be_own = self._is_own_echo(received) or self._names_nobody(received)
        if may_be_own and self._echoes[kind] > 0 and self._total[kind] > 0:
            self._echoes[kind] -= 1
            self._total[kind] -= 1
            return True
        return False

    def _spend_claimed(self, received: Received) -> None:
        if not self._is_reply(received) and self._is_own_echo(received):
            self._total[str(received.frame.type)] -= 1

    def _is_reply(self, received: Received) -> bool:
        """Say whether a frame is a reply that has not come yet, and count it off."""
        kind = received.frame.type or ""
        patterns = self._replies.get(kind, [])
        for index, pattern in enumerate(patterns):
            if _fits(kind, pattern, kind, received.frame.value):
                del patterns[index]
                return True
        return False

    def _is_own_echo(self, received: Received) -> bool:
        actor = self._actors.get(received.frame.type or "")
        return actor is not None and (received.frame.value or {}).get(actor) == self._id

    def _names_nobody(self, received: Received) -> bool:
        """Say whether an event does not say whose it is, which its schema is charged with."""
        actor = self._actors.get(received.frame.type or "")
        return actor is not None and actor not in (received.frame.value or {})


def _fits(kind: str, pattern: Mapping[str, Any], have: str | None, value: Any) -> bool:
    return have == kind and isinstance(match(dict(pattern), value), Matched)


def _is_allowed(one: Allowed, pattern: Any, connection: Connection, received: Received) -> bool:
    here = not one.at or connection.name in one.at
    return here and received.frame.type == one.frame and isinstance(match(pattern, received.frame.value), Matched)
