"""Runs an invented conversation against one server, and gives what each client got after each step.

After each step it waits until every effect has arrived (barrier, settle, barrier), so that a frame belongs to one step.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from conformance.engine.context.failure import ScenarioError
from conformance.engine.context.scenario_context import ScenarioContext
from conformance.engine.explore.alone import wrong_alone
from conformance.engine.explore.answers import answer_of, kinds_of
from conformance.engine.explore.bindings import Bindings
from conformance.engine.explore.conversation import (
    Arrive,
    Backlog,
    Burst,
    Depart,
    Flood,
    Grant,
    Knock,
    Pause,
    Race,
    RawMessage,
    Walk,
    asks_of,
    ends_block,
)
from conformance.engine.explore.conversation_run import GRANTED, NONE, Answer, ConversationRun, Seen
from conformance.engine.explore.flooding import flood
from conformance.engine.explore.given import given_of
from conformance.engine.explore.run_odd import arrive_by, change_role, knock, send_odd
from conformance.engine.explore.timers import Timers
from conformance.engine.explore.unread import hear, late_readers, leave, pause, pile_up
from conformance.engine.scenario_run.arrange import provide, set_up
from conformance.target.accounts import Wanted

if TYPE_CHECKING:
    from conformance.engine.context.run_context import RunContext
    from conformance.engine.explore.conversation import Ask, Conversation, Step
    from conformance.engine.explore.knowledge import Knowledge
    from conformance.wire.connection import Connection
    from conformance.wire.events import Received

MOST_PAGES = 60
PROMPT = 0.1
"""Seconds for the replies to a step; when they are over, a barrier says whether the missing ones come at all."""


async def run_conversation(
    conversation: Conversation, run_context: RunContext, knowledge: Knowledge, *, judged: bool = False, block: int = 1
) -> ConversationRun:
    """Run a conversation, and judge the server alone if it is `judged`.

    With a `block` of steps, only the last of so many waits for what others get: it takes half of the frames, and says
    less exactly which step an event belongs to.

    Raises ProvisioningFailed, BudgetSpent or AskedToLeave, and nothing because of the server.
    """
    context = ScenarioContext(run_context, name="explore", slow_readers=late_readers(conversation))
    ran = ConversationRun()
    try:
        await provide(context, Wanted(tuple(conversation.users), dict(conversation.rooms), empty=True))
        runner = _StepRunner(context, knowledge, conversation, ran)
        try:
            await set_up(context, given_of(conversation))
            runner.begin()
            for index, step in enumerate(conversation.steps):
                ran.steps.append(await runner.step(step, whole=ends_block(conversation, index, block)))
                if ran.steps[-1].silent:
                    break
        except ScenarioError as error:
            ran.stopped = error.message
        ran.lost = any(one.closed is not None and not one.closed.ours for one in runner.everyone())
        ran.users = dict(context.users)
        ran.names = runner.bindings.names()
        ran.wrong = wrong_alone(context) if judged else ()
        ran.lines = context.transcript
    finally:
        await context.end()
    return ran


class _StepRunner:
    """Runs the steps of one conversation."""

    def __init__(
        self, context: ScenarioContext, knowledge: Knowledge, conversation: Conversation, ran: ConversationRun
    ) -> None:
        self.bindings = Bindings(context, knowledge, conversation)
        self._context = context
        self._knowledge = knowledge
        self._conversation = conversation
        self._run = ran
        self._spec = context.run.spec
        self._taken: dict[int, int] = {}
        self._told: set[int] = set()
        self._timers = Timers(context.run)
        self._waiting: dict[str, list[Received]] = {}
        self._stuck: tuple[str, ...] = ()

    def everyone(self) -> list[Connection]:
        """Give every connection, ended ones too; of several with one name, the latest comes last."""
        return [*self._context.past, *self._context.connections.values()]

    def begin(self) -> None:
        """Take everything that came before the first step for read."""
        self.bindings.begin()
        for connection in self.everyone():
            self._skip(connection)

    def _skip(self, connection: Connection) -> None:
        self._taken[id(connection)] = len(connection.log)

    async def step(self, step: Step, *, whole: bool) -> Seen:
        """Take one step, wait for its effects (if it is not `whole`, only for the answers), and give them."""
        unbound = frozenset().union(*(self.bindings.unbound(ask) for ask in asks_of(step)))
        answers: tuple[Answer, ...] = (await self._walk(step.ask),) if isinstance(step, Walk) else ()
        if isinstance(step, Depart):
            await self._context.barrier([step.who])  # It may still have to get what others did before.
            self._waiting.setdefault(step.who, []).extend(self._fresh(self._context.open(step.who)))
        amiss = await self._act(step)
        silent = self._stuck or await (self._quiet() if whole else self._answered(step))
        fresh = {one.name: self._fresh(one) for one in self.everyone()}
        if isinstance(step, Depart):
            fresh[step.who] = []  # What it still gets while it closes depends on the moment.
        elif not isinstance(step, Walk):
            answers = tuple(answer_of(self._spec, ask, fresh) for ask in asks_of(step))
        for name, some in fresh.items():
            self._waiting.setdefault(name, []).extend(some)
        for answer in answers:
            await self._bind(answer)
        if isinstance(step, Depart):
            answers = tuple([await self._told_of(ask) for ask in step.last])
        events = self._waiting
        if whole:
            self._waiting = {}
        else:
            events = {step.who: self._waiting.pop(step.who, [])} if isinstance(step, RawMessage) else {}
        ended = {one.name: one.closed for one in self.everyone() if one.closed is not None and self._is_news(one)}
        if isinstance(step, Knock):
            ended.pop(step.who, None)  # A close is as good a refusal as a status: `amiss` says if it is not.
        if isinstance(step, RawMessage):
            await self._context.connections[step.who].close()
        frames = {name: tuple(one.frame.value or {} for one in some) for name, some in events.items() if some}
        return Seen(step, answers, frames, ended, silent, unbound, amiss, whole, self._timers.overdue())

    async def _act(self, step: Step) -> str:
        """Do what needs no answer of its own; say what is wrong with an answer that is no frame."""
        amiss = ""
        match step:
            case RawMessage():
                before, amiss = await send_odd(self._context, step, self._place(step.who))
                self._taken[id(self._context.connections[step.who])] = before
            case Knock():
                amiss = await knock(self._context, step)
            case Burst():
                await self._send(step.asks)
            case Race():
                senders = dict.fromkeys(ask.by for ask in step.asks)
                together = [tuple(ask for ask in step.asks if ask.by == one) for one in senders]
                await asyncio.gather(*map(self._send, together))
            case Arrive():
                await arrive_by(self._context, step, step.place or self._place(step.who))
                connection = self._context.connections[step.who]
                self._taken[id(connection)] = (connection.greeting or 0) + 1 if connection.log else 0
            case Depart():
                await self._send(step.last)
                await leave(self._context, step)
                if step.last:
                    await hear(self._context, self._knowledge, self._conversation.witness, step.last, self._since)
            case Backlog():
                self._stuck = await pile_up(self._context, step, self._send)
            case Flood():
                creates, witness = self._knowledge.requests[step.waves[0].type].creates, self._conversation.witness
                amiss = await flood(self._context, step, self._frame, creates, witness, self._skip)
            case Pause():
                await pause(self._context, step)
            case Grant():
                await change_role(self._context, step)
        return amiss

    async def _bind(self, answer: Answer) -> bool:
        """Bind what a request has named; the witness may not have got its event yet. False: it does not get it."""
        if self.bindings.bind(answer, self._events()):
            return True
        await self._context.barrier([self._conversation.witness])
        witness = self._context.connections[self._conversation.witness]
        self._waiting.setdefault(witness.name, []).extend(self._fresh(witness))
        return self.bindings.bind(answer, self._events())

    async def _told_of(self, ask: Ask) -> Answer:
        """Give the answer to a request whose reply nobody reads: it counts as granted if others hear of it."""
        granted = Answer(ask, GRANTED)
        return granted if await self._bind(granted) else Answer(ask, NONE)

    def _events(self) -> list[Received]:
        """Give the events that no whole step has given yet."""
        return [one for some in self._waiting.values() for one in some]

    def _is_news(self, connection: Connection) -> bool:
        """Say of an ended connection whether the server has ended it, once for each."""
        if connection.closed is None or connection.closed.ours or id(connection) in self._told:
            return False
        self._told.add(id(connection))
        return True

    def _place(self, who: str) -> int | None:
        places = {**self._conversation.users, **self._conversation.devices}
        return places.get(who, places.get(who.partition("@")[0]))

    async def _send(self, asks: tuple[Ask, ...]) -> None:
        for ask in asks:
            frame = self._frame(ask)
            if self._knowledge.requests[ask.type].creates is not None:
                # If the server refuses it, it counts against the limit of all other requests (RATE-7).
                await self._context.keep_pace(ask.by, self._spec.protocol.unknown_type)
            self._timers.sent(frame)
            await self._context.send(ask.by, frame)

    def _frame(self, ask: Ask) -> dict[str, Any]:
        return {self._spec.protocol.discriminator: ask.type, **self._context.names.value(self.bindings.known(ask))}

    async def _quiet(self) -> tuple[str, ...]:
        """Wait until every effect has arrived; give whom the server no longer answers."""
        live = [name for name, one in self._context.connections.items() if one.closed is None]
        await self._context.quiet()
        return self._silent(live)

    async def _answered(self, step: Step) -> tuple[str, ...]:
        """Wait only for the answers to a step; give whom the server no longer answers."""
        match step:
            case Burst():
                await self._replied(step.asks)
                return self._silent([step.asks[0].by])
            case RawMessage():
                await self._context.barrier([step.who])
                return self._silent([step.who])
        return ()

    async def _replied(self, asks: tuple[Ask, ...]) -> None:
        """Wait for the replies to requests of one connection: by a barrier only if they do not come at once."""
        connection = self._context.open(asks[0].by)
        kinds = [kinds_of(self._spec, ask) for ask in asks]
        since = self._since(connection)

        def all_there() -> bool:
            return sum(one.frame.type in frozenset().union(*kinds) for one in connection.log[since:]) >= len(asks)

        if all(len(one) > 1 for one in kinds) and await connection.until(all_there, PROMPT):
            connection.replies.rest()
        else:
            await self._context.barrier([connection.name])

    def _silent(self, names: list[str]) -> tuple[str, ...]:
        """Give those of some open connections that have been asked by a barrier and have not answered."""
        if not self._context.run.calibration.answers_barrier:
            return ()
        connections = self._context.connections
        return tuple(name for name in names if connections[name].closed is None and connections[name].busy)

    def _since(self, connection: Connection) -> int:
        """Give the place in the log of a connection up to which the last step has taken it."""
        return self._taken.get(id(connection), 0)

    def _fresh(self, connection: Connection) -> list[Received]:
        """Give the frames that have come since the last step, without ambient ones and those of the harness."""
        since = self._since(connection)
        self._taken[id(connection)] = len(connection.log)
        return [
            one
            for index, one in enumerate(connection.log)
            if index >= since and index not in connection.barriers and not self._context.is_ambient(one)
        ]

    async def _walk(self, ask: Ask) -> Answer:
        """Request page after page."""
        view = self._knowledge.requests[ask.type].view
        assert view is not None
        connection = self._context.open(ask.by)
        pages: list[Any] = []
        following: dict[str, Any] = {}
        while True:
            asked = replace(ask, fields={**ask.fields, **following})
            await self._send((asked,))
            await self._replied((asked,))
            fresh = {ask.by: self._fresh(connection)}
            answer = answer_of(self._spec, ask, fresh)
            self._waiting.setdefault(ask.by, []).extend(fresh[ask.by])
            if answer.how != GRANTED or not isinstance(answer.frame, dict):
                return Answer(ask, answer.how, answer.frame, tuple(pages))
            pages.append(answer.frame)
            again = {name: answer.frame.get(source) for source, name in view.follow.items()}
            if not answer.frame.get(view.more or "") or again == following or len(pages) == MOST_PAGES:
                return Answer(ask, GRANTED, answer.frame, tuple(pages))
            following = again
