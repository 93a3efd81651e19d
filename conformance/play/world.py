"""One play's world: its users, conversations, open connections, the names bound so far, and the guards that stand."""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from conformance.connection import Closed, Connection, Received, open_connection
from conformance.dialect import form_of, nobodys_id, provided
from conformance.matching import Matched, match
from conformance.play.emptiness import look_into
from conformance.play.failure import Broken, Unmet
from conformance.play.manners import Held, insist
from conformance.play.transcript import Transcript
from conformance.play.trap import Trap
from conformance.refusals import Refused
from conformance.template import TemplateError, look_up, plain, render

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.play.stage import Stage
    from conformance.provision import Lease, Wanted
    from conformance.scenario.steps import Given, Never, NeverFetched, Raw


UPGRADE = 5.0
"""Seconds that a server may take at least to let somebody in, or to refuse."""


@dataclass(frozen=True, slots=True)
class Guard:
    """A `never` that stands until the end, its pattern rendered when it was set."""

    step: Never
    pattern: Any


class World:
    """Everything one play can reach. `connections` has every connection ever opened, the closed ones too."""

    def __init__(self, stage: Stage, *, alone: bool = False, observing: bool = False) -> None:
        self.stage = stage
        self.alone = alone
        self.observing = observing
        self.observed = ""
        self.held = Held()
        self.transcript = Transcript()
        self.connections: dict[str, Connection] = {}
        self.refused: dict[str, Refused] = {}
        self.past: list[Connection] = []
        self.onlookers: frozenset[str] = frozenset()
        self.users: dict[str, str] = {}
        self.conversations: dict[str, str] = {}
        self.traps: dict[str, Trap] = {}
        self.guards: list[Guard] = []
        self.trap_guards: list[NeverFetched] = []
        self.tokens: dict[str, str] = {}
        self.shown: set[str] = set()
        self._lease: Lease | None = None
        self._names: dict[str, Any] = {}
        self._setup: dict[int, int] = {}

    # Names

    def bind(self, captures: Mapping[str, Any]) -> None:
        """Bind captured values to their names, over earlier ones."""
        self._names.update(captures)

    def render(self, raw: Raw) -> Any:
        """Replace names and generated values; a mistake in them is the scenario's."""
        try:
            return render(raw, self._resolve, self._order)
        except TemplateError as error:
            raise Broken(str(error)) from None

    def value(self, raw: Raw) -> Any:
        """Render data that goes to the wire."""
        return plain(self.render(raw))

    def readable_names(self) -> dict[str, str]:
        """Say which ids stand for what, for transcripts."""
        named = {**self._names, **self.users, **self.conversations}
        return {
            value: name
            for name, value in named.items()
            if isinstance(value, str) and len(value) >= 16 and "." not in name
        }

    def _resolve(self, name: str) -> Any:
        if name.partition(".")[0] in self.stage.target.profile:
            return self.stage.target.look_up(name)
        if name.endswith(".token"):
            return self.tokens[name.removesuffix(".token")]
        return look_up(self._names, name)

    def _order(self, name: str, items: list[Any]) -> list[Any]:
        order = self.stage.spec.protocol.orders.get(name)
        if order is None:
            raise TemplateError(f"the protocol has no order {name!r}")
        return items[::-1] if self.stage.target.look_up(order.profile) == order.reversed_when else items

    # People and places

    async def provide(self, wanted: Wanted) -> None:
        """Lease accounts and conversations; raises ProvisioningFailed."""
        self._lease = await self.stage.provisioner.lease(wanted)
        users, conversations = (form_of(self.stage.target.dialect, kind) for kind in ("user", "conversation"))
        self.users = {name: provided(users, account.value) for name, account in self._lease.accounts.items()}
        self.conversations = {name: provided(conversations, one) for name, one in self._lease.conversations.items()}
        for room, user in self._lease.unproved.items():
            await look_into(self, room, user)
        await self._lease.ready()

    @property
    def lease(self) -> Lease:
        """What was provided."""
        assert self._lease is not None
        return self._lease

    async def set(self, given: Given) -> None:
        """Bring about what a scenario is given, of what was provided; raises Unmet."""
        self._names["nonce"] = uuid.uuid4().hex[:12]
        self._names |= self.users | self.conversations
        for name in given.unknown:
            self._names[name] = nobodys_id(self.stage.target.dialect)
        for name in given.traps:
            self.traps[name] = await Trap.set(name)
            self._names[name] = self.traps[name].url
        protocol = self.stage.spec.protocol
        self.onlookers = frozenset(given.onlookers)
        people = {name: user.instance for name, user in given.users.items() if user.connect}
        arriving = {who: place for who, place in (people | {**given.devices}).items() if who not in self.onlookers}
        await asyncio.gather(*(self.arrive(who, instance) for who, instance in arriving.items()))
        # After the others: a target that has no place for so many should have had one for those whom this is about.
        await asyncio.gather(*(self._look_on(who, people.get(who)) for who in given.onlookers))
        for name, wanted in given.conversations.items():
            joining = wanted.join
            if joining is None:
                may = {
                    user for user, role in wanted.members.items() if protocol.join_right in protocol.roles.get(role, ())
                }
                joining = tuple(
                    who for who in self.connections if who.partition("@")[0] in may and who not in self.onlookers
                )
            await asyncio.gather(*(self.join(who, name) for who in joining))

    async def arrive(self, who: str, instance: int | None = None) -> None:
        """Connect with a good token, and take the greeting."""
        outcome = await insist(self, who, partial(self.connect, who, instance))
        if isinstance(outcome, Refused):
            raise Unmet(f"{who} was refused: {outcome.why}")
        await self.take_greeting(who)

    async def _look_on(self, who: str, instance: int | None) -> None:
        """Connect somebody who only looks on; whoever cannot is missing, and the scenario is played all the same."""
        outcome = await insist(self, who, partial(self.connect, who, instance))
        if isinstance(outcome, Refused):
            del self.refused[who]
            return
        with contextlib.suppress(Unmet):
            await self.take_greeting(who)

    async def connect(
        self,
        who: str,
        instance: int | None = None,
        token: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
        origin: str | None = None,
    ) -> Connection | Refused:
        """Open a connection for `user` or `user@device`."""
        if who in self.connections:
            if self.connections[who].closed is None:
                raise Broken(f"{who} is connected already")
            self.past.append(self.connections.pop(who))
        user = who.partition("@")[0]
        with self.held:
            await self.stage.guest.connection()
        target = self.stage.target
        number = instance if instance is not None else 1
        if not 1 <= number <= len(target.instances):
            raise Broken(f"there is no instance {number}; the scenario should say `needs: {{instances: {number}}}`")
        made = self.lease.token(user, token)
        if made and token is None:
            self.tokens[who] = made
        if made:
            self.shown.add(made)
        pairs = [] if made is None else [(target.auth.query_param, made)]
        url = _with_query(
            target.instances[number - 1], [*pairs, *((key, str(value)) for key, value in (query or {}).items())]
        )
        outcome = await open_connection(
            who,
            url,
            self.stage.spec.protocol,
            self.stage.spec.outgoing,
            timeout=max(self.stage.reply, UPGRADE),
            origin=origin,
            dialect=target.dialect,
            memory=self.stage.memory,
        )
        if isinstance(outcome, Refused):
            self.stage.reach.refused(outcome.status)
            self.transcript.note(who, "·", f"refused: {outcome.why}")
            self.refused[who] = outcome
            return outcome
        self.transcript.note(who, "·", f"connected to instance {number}" if len(target.instances) > 1 else "connected")
        outcome.on_frame = lambda connection, received: self.transcript.note(
            connection.name, "←", received, received.at
        )
        outcome.on_close = self._note_close
        outcome.turn = partial(self.turn, who)
        self.connections[who] = outcome
        return outcome

    def _note_close(self, connection: Connection, closed: Closed) -> None:
        self.transcript.note(connection.name, "·", str(closed))
        if not closed.ours:
            self.stage.reach.ended(dropped=closed.code is None)

    async def take_greeting(self, who: str) -> None:
        """Wait for the greeting and claim it, on a target that greets, in whatever words."""
        connection = self.connections[who]
        if self.stage.calibration.greets_otherwise:
            # The scenarios about the greeting judge it, and no other one.
            if await connection.until(lambda: bool(connection.log), self.stage.reply):
                connection.claimed.add(0)
                connection.greeting = 0
        elif self.stage.calibration.greets:
            greeting = self.stage.spec.protocol.greeting
            arrived = await connection.until(
                lambda: self.first(connection, greeting.frame, greeting.pattern) is not None, self.stage.reply
            )
            if not arrived:
                raise Unmet(f"{who} was not greeted with {greeting.frame}{_ending(connection)}")
            found = self.first(connection, greeting.frame, greeting.pattern)
            assert found is not None
            connection.claimed.add(found[0])
            connection.greeting = found[0]

    async def join(self, who: str, conversation: str) -> None:
        """Let a connection join a conversation, and wait for the confirmation."""
        protocol = self.stage.spec.protocol
        connection = self.connections[who]
        ids = {"conversation": self.conversations[conversation]}
        request = {key: ids.get(str(value)[2:-1], value) for key, value in protocol.join_request.items()}
        await self.send(who, request)
        kind, pattern = self.reply_to(request[protocol.discriminator])

        def answered() -> bool:
            return (
                self.first(connection, kind, pattern) is not None
                or self.first(connection, protocol.error, {}) is not None
            )

        arrived = await connection.until(answered, self.stage.patience)
        if not arrived and self.stage.calibration.answers_barrier:
            await connection.barrier(self.stage.reply)  # Replies come in request order: now it is there, or never.
        if not answered():
            raise Unmet(f"{who} joined {conversation} and got no answer{_ending(connection)}")
        found = self.first(connection, kind, pattern)
        if found is None:
            error = self.first(connection, protocol.error, {})
            raise Unmet(f"{who} may join {conversation}, and was refused", error[1] if error else None)
        connection.claimed.add(found[0])
        connection.rest()

    # Frames

    async def send(self, who: str, frame: Mapping[str, Any], *, paced: bool = True) -> None:
        """Send a frame from a connection, within the target's rate limits."""
        connection = self.open(who)
        # The target's rate limit first: its window is counted with a margin, the guest's own rate is exact.
        if paced:
            await self.stage.pacer.ready(
                self.users[who.partition("@")[0]], frame[self.stage.spec.protocol.discriminator]
            )
        await self.turn(who)
        self.transcript.note(who, "→", dict(frame))
        await connection.send_frame(frame)

    async def turn(self, who: str) -> None:
        """Wait until the target's politeness allows one more request of this user."""
        with self.held:
            await self.stage.guest.request(self.users[who.partition("@")[0]])

    def open(self, who: str) -> Connection:
        """Give a connection that exists; whether it is still open is for the step to find out."""
        if who in self.connections:
            return self.connections[who]
        if who in self.refused:
            raise Unmet(f"{who} was refused: {self.refused[who].why}")
        raise Broken(f"{who} is not connected here")

    def reply_to(self, request: str) -> tuple[str, Mapping[str, Any]]:
        """Give type and pattern of the plain reply to a request type."""
        reply = self.stage.spec.incoming[request].reply
        if reply is None:
            raise Broken(f"{request} has no reply of its own")
        return reply[self.stage.spec.protocol.discriminator], reply.get("with", {})

    def mark_setup(self) -> None:
        """Remember what had arrived when the setup was over."""
        self._setup = {id(connection): len(connection.log) for connection in self.connections.values()}

    def was_in_setup(self, connection: Connection, received: Received) -> bool:
        """Say whether a frame had arrived by then."""
        return any(one is received for one in connection.log[: self._setup.get(id(connection), 0)])

    def was_sent_wrong_frames(self) -> bool:
        """Say whether the server has sent anything that does not fit its schema: names may be bound to parts of it."""
        frames = (one.frame for connection in (*self.connections.values(), *self.past) for one in connection.log)
        return any(frame.problem is not None or frame.violations for frame in frames)

    def gathered(self, name: str) -> list[Any]:
        """Give a copy of the list that a name is bound to; an unbound name begins with none."""
        bound = self._names.get(name, [])
        if not isinstance(bound, list):
            raise Broken(f"${{{name}}} is not a list that could grow")
        return list(bound)

    def first(
        self, connection: Connection, kind: str, pattern: Any, *, or_greeting: bool = False
    ) -> tuple[int, Received, Matched] | None:
        """Find the earliest unclaimed frame of a type that matches: its index, itself, and its captures.

        The type `*` is any but ambient ones. The greeting is claimed by whoever connects; a step may still ask for it
        (`or_greeting`), by a pattern.
        """
        for index, received in enumerate(connection.log):
            fits = received.frame.type == kind or (kind == "*" and not self.is_ambient(received))
            if fits and index not in connection.claimed:
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
        """Say whether a frame may come at any time."""
        return received.frame.type in self.stage.target.ambient

    async def barrier(self, names: Sequence[str] | None = None) -> bool:
        """Ask the barrier of these connections (all open ones) at the same time; False: one gave no reply."""
        chosen = list(self.connections.values()) if names is None else [self.open(name) for name in names]
        live = [connection for connection in chosen if connection.closed is None]
        if not self.stage.calibration.answers_barrier:
            await asyncio.sleep(self.stage.patience)
            return True
        answers = await asyncio.gather(*(connection.barrier(self.stage.reply) for connection in live))
        return all(answers)

    async def quiet(self) -> None:
        """Wait until whatever the requests so far have caused has arrived everywhere: barrier, settle, barrier.

        The first barrier is for those who have asked for something since their last one, the second for all but those
        who only look on; but where nothing is late and only one has asked, all of it was there when its own barrier
        returned.
        """
        busy = [name for name, connection in self.connections.items() if connection.busy and connection.closed is None]
        await self.barrier(busy)
        if self.stage.settle:
            await asyncio.sleep(self.stage.settle)
        if self.stage.calibration.answers_barrier:
            done = {*busy} if len(busy) == 1 and not self.stage.settle else set()
            await self.barrier([name for name in self.connections if name not in done | self.onlookers])

    async def end(self) -> None:
        """Close every connection and trap; never raises for what the server does."""
        everyone = (*self.connections.values(), *self.past)
        self.stage.used.update(*(connection.used for connection in everyone))
        leaving = [connection.close() for connection in everyone]
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*leaving, return_exceptions=True), 5.0)
        for connection in everyone:
            connection.forget()
        for trap in self.traps.values():
            await trap.remove()
        if self._lease is not None:
            await self._give_back(self._lease)

    async def _give_back(self, lease: Lease) -> None:
        """End the lease; who comes back in another play must find nothing of this one under way."""
        if lease.lasting:
            await asyncio.sleep(self.stage.settle)
        else:
            for user in self.users.values():
                self.stage.pacer.forget(user)
        await lease.end()


def _ending(connection: Connection) -> str:
    return f"; the connection was {connection.closed}" if connection.closed else ""


def _with_query(url: str, pairs: list[tuple[str, str]]) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=urlencode([*parse_qsl(parts.query), *pairs])))
