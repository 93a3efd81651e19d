"""The context of one scenario run: its users, conversations, connections, names, and active guards."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from conformance.engine.context.about import is_about
from conformance.engine.context.expiries import Expiries
from conformance.engine.context.failure import Broken, Unmet
from conformance.engine.context.home import FIRST, home_of
from conformance.engine.context.names import Names
from conformance.engine.context.throttled_time import ThrottledTime
from conformance.engine.context.transcript import Transcript
from conformance.engine.invariants.replies import terminal_types
from conformance.scenario.match_result import Matched
from conformance.scenario.matching import match
from conformance.wire.waits import BUSY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.engine.context.honeypot import Honeypot
    from conformance.engine.context.run_context import RunContext
    from conformance.scenario.model import Scenario
    from conformance.scenario.steps import Never, NeverFetched
    from conformance.target.accounts import Lease
    from conformance.wire.connection import Connection
    from conformance.wire.events import Received
    from conformance.wire.handshake_errors import Refused


@dataclass(frozen=True, slots=True)
class Guard:
    """A `never` that applies until the end of the scenario; its pattern was rendered when the step ran."""

    step: Never
    pattern: Any


class ScenarioContext:
    """Everything that one scenario run can reach. `connections` has every connection it opened, also closed ones."""

    def __init__(
        self,
        run_context: RunContext,
        *,
        name: str = "",
        scenario: Scenario | None = None,
        alone: bool = False,
        observing: bool = False,
        slow_readers: frozenset[str] = frozenset(),
    ) -> None:
        self.run = run_context
        self.owner = run_context.owners.enter(name)
        self.scenario = scenario
        self.judged_without: set[str] = set()
        self.longest_rest = 0.0  # seconds of the longest part of a pause
        self.read_back: set[tuple[str, str]] = set()
        self.alone = alone
        self.observing = observing
        self.home = FIRST if observing else home_of(scenario, len(run_context.target.instances))
        self.slow_readers = slow_readers
        self.observed = ""
        self.throttled = ThrottledTime()
        self.transcript = Transcript()
        self.expiries = Expiries(run_context)
        self.connections: dict[str, Connection] = {}
        self.refused: dict[str, Refused] = {}
        self.past: list[Connection] = []
        self.bystanders: frozenset[str] = frozenset()
        self.changed_outside = self.changed_roles = False
        self.quiet_since = -1  # how many lines the transcript had when all had arrived for a `collect`
        self.unanswered: list[tuple[Connection, int]] = []
        self.places: dict[str, int | None] = {}
        self.returning = asyncio.Lock()
        self.users: dict[str, str] = {}
        self.conversations: dict[str, str] = {}
        self.honeypots: dict[str, Honeypot] = {}
        self.guards: list[Guard] = []
        self.honeypot_guards: list[NeverFetched] = []
        self.shown: set[str] = set()
        self.distinct: dict[tuple[str, ...], set[str]] = {}
        self.leased: Lease | None = None
        self.names = Names(run_context.target, run_context.spec.protocol)
        self._setup: dict[int, int] = {}
        self._owners_elsewhere: dict[int, str | None] = {}

    @property
    def lease(self) -> Lease:
        """What was provided."""
        assert self.leased is not None
        return self.leased

    async def send(self, who: str, frame: Mapping[str, Any], *, paced: bool = True) -> None:
        """Send a frame from a connection, within the target's rate limits."""
        connection = self.open(who)
        if connection.unfinished:
            raise Broken(f"{who} has begun a message in fragments, and must finish it before it sends another one")
        # The target's rate limit comes first: its window has a margin, the throttle's own rate is exact.
        if paced:
            await self.keep_pace(who, frame[self.run.spec.protocol.discriminator])
        await self.turn(who)
        self.transcript.note(who, "→", dict(frame))
        self.expiries.sent(who.partition("@")[0], frame)
        await connection.send_frame(frame)

    async def keep_pace(self, who: str, request: str) -> None:
        """Wait until a connection may send one more request of this type within the target's rate limits."""
        user, pacer = self.users[who.partition("@")[0]], self.run.pacer
        unsure = pacer.unsure(user, request) if self.run.calibration.answers_barrier else ()
        if unsure:
            await self.barrier([name for name, connection in self.connections.items() if connection in unsure])
        await pacer.ready(user, request, self.open(who))

    @property
    def paced(self) -> bool:
        """Whether requests keep below the target's rate limits: only scenarios about the limits may meet them."""
        return not self.alone or bool(self.slow_readers)

    def reading(self, who: str) -> Connection:
        """Give a connection that is read, so that something may be expected of it."""
        connection = self.open(who)
        if not connection.reads:
            raise Broken(f"{who} has stopped reading, so nothing can be expected there before `resume_reading`")
        return connection

    async def turn(self, who: str) -> None:
        """Wait until the target's throttle allows one more request of this user."""
        with self.throttled:
            await self.run.throttle.request(self.users[who.partition("@")[0]])

    def open(self, who: str) -> Connection:
        """Give an existing connection; the step checks whether it is still open."""
        if who in self.connections:
            return self.connections[who]
        if who in self.refused:
            raise Unmet(f"{who} was refused: {self.refused[who].why}")
        raise Broken(f"{who} is not connected here")

    def reply_to(self, request: str) -> tuple[str, Mapping[str, Any]]:
        """Give type and pattern of the plain reply to a request type."""
        reply = self.run.spec.incoming[request].reply
        if reply is None:
            raise Broken(f"{request} has no reply of its own")
        return reply[self.run.spec.protocol.discriminator], reply.get("with", {})

    def mark_setup(self) -> None:
        """Remember which frames had arrived at the end of the setup."""
        self._setup = {id(connection): len(connection.log) for connection in self.connections.values()}

    def was_in_setup(self, connection: Connection, received: Received) -> bool:
        """Say whether a frame had arrived by the end of the setup."""
        return any(one is received for one in connection.log[: self._setup.get(id(connection), 0)])

    def was_sent_wrong_frames(self) -> bool:
        """Say whether the server has sent a frame that breaks its schema: names may be bound to parts of it."""
        frames = (one.frame for connection in (*self.connections.values(), *self.past) for one in connection.log)
        return any(frame.problem is not None or frame.violations for frame in frames)

    def first(
        self, connection: Connection, kind: str, pattern: Any, *, or_greeting: bool = False
    ) -> tuple[int, Received, Matched] | None:
        """Find the earliest unclaimed frame of a type that matches: its index, itself, and its captures.

        The type `*` matches any frame but ambient ones. Connecting claims the greeting; a step with a pattern may
        still find it (`or_greeting`).
        """
        for index, received in enumerate(connection.log):
            fits = received.frame.type == kind or (kind == "*" and not self.is_ambient(received))
            if fits and index not in connection.claimed and self.owner_elsewhere(received) is None:
                found = match(pattern, received.frame.value)
                if isinstance(found, Matched):
                    return index, received, found
        if or_greeting and pattern and connection.greeting is not None:
            received = connection.log[connection.greeting]
            found = match(pattern, received.frame.value)
            if received.frame.type == kind and isinstance(found, Matched):
                return connection.greeting, received, found
        return None

    def is_ambient(self, received: Received) -> bool:
        """Say whether a frame may come at any time, as far as this scenario is concerned."""
        ambient = self.run.target.ambient | self.odd_replies
        return (
            received.frame.type in ambient
            or self.owner_elsewhere(received) is not None
            or self.is_odd_refusal(received)
            or self._is_foreign(received)
        )

    def _is_foreign(self, received: Received) -> bool:
        """Say whether a frame has a type of the server's own, which only the rule about that is charged with."""
        protocol, value = self.run.spec.protocol, received.frame.value or {}
        known = received.frame.type is not None or value.get(protocol.discriminator) is None
        if known or self.scenario is None or self.observing or protocol.malformed_rule in self.scenario.rules:
            return False
        return value[protocol.discriminator] in self.run.calibration.foreign_types

    def is_odd_refusal(self, received: Received) -> bool:
        """Say whether a frame may be how a server without Errors refuses: it grants nothing and tells of nothing."""
        error = self.run.spec.protocol.error
        if error not in self.odd_replies:
            return False
        kind, value = received.frame.type, received.frame.value
        replies = [one.reply for one in self.run.spec.incoming.values() if one.reply is not None]
        key = self.run.spec.protocol.discriminator
        own = [one.get("with", {}) for one in replies if one[key] == kind]
        return kind is None or (bool(own) and not any(isinstance(match(dict(one), value), Matched) for one in own))

    @cached_property
    def odd_replies(self) -> frozenset[str]:
        """The types of replies that this scenario is not about, and that calibration has not seen as they should be.

        The server may send others in their place, which only the feature that promises them is charged with.
        """
        unseen = {*self.run.calibration.unseen} & terminal_types(self.run.spec)
        return frozenset(kind for kind in unseen if self.scenario and not is_about(self.scenario, kind, self.run.spec))

    def owner_elsewhere(self, received: Received) -> str | None:
        """Name the other scenario that a frame belongs to: it holds that one's ids, and none of this one."""
        if id(received) not in self._owners_elsewhere:
            self._owners_elsewhere[id(received)] = self.run.owners.other_owner(self.owner, received.frame.value)
        return self._owners_elsewhere[id(received)]

    @property
    def has_causes_without_a_barrier(self) -> bool:
        """Whether frames may come of what no barrier can be asked about.

        That is a request of a connection that is closed, the close itself, a change by the provisioning API, or a
        restart.
        """
        return self.changed_outside or any(one.closed for one in (*self.connections.values(), *self.past))

    async def barrier(self, names: Sequence[str] | None = None) -> bool:
        """Ask the barrier of these connections (default: all open ones) at the same time; False: one gave no reply."""
        chosen = list(self.connections.values()) if names is None else [self.open(name) for name in names]
        # No request may come inside an unfinished message (RFC 6455 §5.4), so its sender cannot be asked. Neither can
        # a connection that does not read: it would not see the answer.
        live = [one for one in chosen if one.closed is None and one.reads and not one.unfinished]
        if not self.run.calibration.answers_barrier:
            # A sleep: without a barrier, no event says when the server has handled everything.
            await asyncio.sleep(self.run.patience)
            return True
        sent, before = self.run.pacer.clock(), [len(connection.log) for connection in live]
        answers = await asyncio.gather(*(connection.barrier(self.run.reply) for connection in live))
        for connection, seen, answered in zip(live, before, answers, strict=True):
            if not answered:
                self.unanswered.append((connection, seen))
            user = self.users.get(connection.name.partition("@")[0])
            if answered and user is not None:
                self.run.pacer.handled(user, connection, sent)
            if connection.lags:
                waited = BUSY * self.run.reply
                self.run.reachability.lags = f"{connection.name} still got frames after {waited:g} s, and no reply"
        return all(answers)

    async def quiet(self) -> None:
        """Wait until every effect of the requests so far has arrived everywhere: barrier, settle, barrier.

        The first barrier is for connections that have sent a request since their last one. The second is for all but
        the bystanders. It is left out if the target delivers in order and only one connection has sent a request: then
        every effect had arrived when that connection's barrier returned.
        """
        busy = [name for name, connection in self.connections.items() if connection.busy and connection.closed is None]
        await self.barrier(busy)
        if self.run.settle:
            # A sleep: a frame that must not come brings no event, so only the measured time tells.
            await asyncio.sleep(self.run.settle)
        if self.run.calibration.answers_barrier:
            done = {*busy} if len(busy) == 1 and not self.run.settle else set()
            await self.barrier([name for name in self.connections if name not in done | self.bystanders])

    async def end(self) -> None:
        """Close every connection and honeypot; never raises because of the server."""
        everyone = (*self.connections.values(), *self.past)
        self.run.used.update(*(connection.used for connection in everyone))
        leaving = [connection.close() for connection in everyone]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(5.0):
                await asyncio.gather(*leaving, return_exceptions=True)
        for connection in everyone:
            connection.forget()
        for honeypot in self.honeypots.values():
            await honeypot.remove()
        if self.leased is not None:
            await self._give_back(self.leased)

    async def _give_back(self, lease: Lease) -> None:
        """End the lease; nothing of this scenario may still be under way when a user is used again."""
        if lease.lasting:
            # A sleep: a frame on its way to a closed connection brings no event.
            await asyncio.sleep(self.run.settle)
        else:
            for user in self.users.values():
                self.run.pacer.forget(user)
        await lease.end()
