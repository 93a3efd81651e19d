"""Searches for differences until a budget is spent: draws conversations, has them judged, and keeps what is found."""

from __future__ import annotations

import asyncio
import threading
import time
import warnings
from concurrent.futures import CancelledError
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis.errors import HypothesisException, HypothesisWarning

from conformance.engine.explore.differ import Comparer
from conformance.engine.explore.draw import conversations
from conformance.engine.explore.drawing import Drawing
from conformance.engine.explore.examine import Examiner
from conformance.engine.explore.freedoms import read_freedoms
from conformance.engine.explore.limits import Limits
from conformance.engine.explore.means import Means
from conformance.engine.explore.normal import known_fields
from conformance.engine.explore.progress import Explored, Options
from conformance.engine.explore.sides import Sides, open_side
from conformance.errors import ChatParityError, ProvisioningFailed

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from hypothesis.database import ExampleDatabase

    from conformance.engine.context.run_context import RunContext
    from conformance.engine.explore.conversation import Conversation
    from conformance.engine.explore.examine import Judged
    from conformance.engine.explore.findings import Cause, Finding, Shown
    from conformance.engine.explore.knowledge import Knowledge
    from conformance.spec import Spec
    from conformance.target import Target

TOO_MANY_LOST = 10
"""Conversations one after the other that could not even begin, after which the server counts as gone."""
ROUND = 30
"""Conversations that hypothesis draws from one seed; it begins each time with short ones, a tenth of them."""


async def explore(
    spec: Spec,
    knowledge: Knowledge,
    tested: Target,
    other: Target,
    options: Options,
    drawing: Callable[[Drawing], Drawing] = lambda one: one,
    database: ExampleDatabase | None = None,
    begin: Callable[[Search], None] = lambda _: None,
    end: Callable[[Search, RunContext, RunContext], Awaitable[None]] | None = None,
) -> Explored:
    """Calibrate two servers and search; `drawing` may change what is drawn.

    `begin` gets the search before it starts; `end` is awaited after it, while both servers can still be used.
    Raises TargetUnreachable, ProvisioningFailed, BudgetSpent or AskedToLeave.
    """
    async with open_side(spec, tested) as one, open_side(spec, other) as two:
        limits = Limits((tested, other))
        knowledge = limits.usable(knowledge)
        unknown = {*one.calibration.unknown_types, *two.calibration.unknown_types}
        known = tuple(kind for kind in knowledge.requests if kind not in unknown)
        comparer = Comparer(spec, knowledge, read_freedoms(spec), limits, known_fields(spec))
        drawn = drawing(Drawing(spec, knowledge, limits, known))
        search = Search(Sides(one, two, knowledge), comparer, drawn, options, database)
        begin(search)
        explored = await search.run()
        if end is not None:
            await end(search, one, two)
        return explored


class _Found(Exception):
    """Tells hypothesis that a conversation is worth keeping."""


class _Stop(BaseException):
    """Ends hypothesis' search."""


class Search:
    """One search; `explored` is up to date also when it is cancelled."""

    def __init__(
        self,
        sides: Sides,
        comparer: Comparer,
        drawing: Drawing,
        options: Options,
        database: ExampleDatabase | None = None,
    ) -> None:
        self.explored = Explored()
        self.comparer = comparer
        self.drawing = drawing
        self._examiner = Examiner(sides, comparer)
        self._drawing = drawing
        self._options = options
        self._database = database
        self._causes: dict[Cause, int] = {}
        self._work: set[asyncio.Task[Any]] = set()
        self._began = self._deadline = 0.0
        self._lost = 0
        self._means = Means(drawing.spec.protocol)
        self._over = threading.Event()

    async def run(self) -> Explored:
        """Search until the budget is spent; raises what makes every further conversation useless."""
        self._began = time.monotonic()
        self._deadline = self._began + self._options.budget
        loop = asyncio.get_running_loop()
        workers = [
            asyncio.create_task(asyncio.to_thread(self._draw_and_try, number, loop))
            for number in range(self._options.jobs)
        ]
        try:
            await asyncio.gather(*workers)
            while self._work:
                await asyncio.gather(*self._work)
        finally:
            self._over.set()
            for task in [*self._work]:
                task.cancel()
            await asyncio.wait([*workers, *self._work])  # Nobody talks to a server any more when it is stopped.
            self.explored.seconds = time.monotonic() - self._began
        return self.explored

    def _draw_and_try(self, number: int, loop: asyncio.AbstractEventLoop) -> None:
        """Let hypothesis draw conversations, in a thread of its own, and run them in the event loop."""

        def attempt(conversation: Conversation) -> None:
            if self._is_over():
                raise _Stop
            try:
                new = asyncio.run_coroutine_threadsafe(self._attempt(conversation), loop).result()
            except (CancelledError, RuntimeError):
                raise _Stop from None  # The event loop has been cancelled, or is gone.
            if new:
                raise _Found

        for turn in range(1_000_000):
            if self._is_over():
                return
            test = settings(
                max_examples=ROUND,
                deadline=None,
                database=self._database,
                phases=(Phase.reuse, Phase.generate) if turn == 0 and number == 0 else (Phase.generate,),
                suppress_health_check=list(HealthCheck),
                verbosity=Verbosity.quiet,
                report_multiple_bugs=False,
            )(given(conversations(self._drawing))(attempt))
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", HypothesisWarning)
                    seed(self._options.seed + 1_000_003 * turn + 7919 * number)(test)()
            except _Stop:
                return
            except (_Found, HypothesisException):
                continue  # A known cause does not fail again, which hypothesis calls flaky.

    def _is_over(self) -> bool:
        most = self._options.most
        return (
            self._over.is_set()
            or time.monotonic() > self._deadline
            or (most is not None and self.explored.conversations >= most)
        )

    async def _attempt(self, conversation: Conversation) -> bool:
        """Run a conversation once; say whether it shows something new."""
        self._note_work(asyncio.current_task())
        try:
            judged = await self._examiner.judge(conversation, whole_blocks=True)
        except ProvisioningFailed as error:
            self.explored.not_judged[str(error)] += 1
            self._note_lost(str(error))
            given_up = self._give_up(conversation, str(error))
            return given_up or await self._ended()
        except ChatParityError:
            self._over.set()
            raise
        self._count(judged, conversation)
        self._means.provided(conversation)
        shown = judged.shown
        begun = judged.tested.steps and judged.other.steps
        if shown is None or (not begun and await self._ended()):
            return False
        cause = shown.cause
        if any(one.alike(cause) and one.request == cause.request for one in self._causes):
            self._causes[cause] = self._causes.get(cause, 0) + 1
            return False
        self._causes[cause] = 1
        self._note_work(asyncio.create_task(self._examine(shown)))
        return True

    def _note_work(self, task: asyncio.Task[Any] | None) -> None:
        """Note what has to be cancelled if the search is."""
        if task is not None:
            self._work.add(task)
            task.add_done_callback(self._work.discard)

    async def _ended(self) -> bool:
        """Stop if one of the servers is no longer there; say so."""
        if not self._over.is_set() and (died := await self._examiner.died()):
            self.explored.stopped = died
            self._over.set()
        return bool(self.explored.stopped)

    def _give_up(self, conversation: Conversation, reason: str) -> bool:
        """Say whether something is not drawn any more, because a target cannot provide it: then a new round begins."""
        if not self._means.lacked(conversation, reason):
            return False
        self._lost = 0
        self.explored.left_out = dict(self._means.without)
        self._drawing = replace(self._drawing, without=frozenset(self._means.without))
        return True

    def _count(self, judged: Judged, conversation: Conversation) -> None:
        """Count what a conversation has compared."""
        explored, compared, other = self.explored, judged.compared, judged.other
        explored.conversations += 1
        explored.steps += len(compared.cells)
        explored.parted += compared.parted
        explored.cells.update((kind, label) for kind, labels in compared.cells for label in labels)
        explored.freed.update(compared.freed)
        if other.stopped and len(other.steps) < len(conversation.steps):
            explored.not_judged[f"the other server: {other.stopped}"] += 1
        self._note_lost(judged.tested.stopped if not judged.tested.steps else "")

    def _note_lost(self, why: str) -> None:
        """Count the conversations one after the other that could not begin (empty: this one could), and stop."""
        self._lost = self._lost + 1 if why else 0
        if self._lost > TOO_MANY_LOST:
            self.explored.stopped = f"{self._lost} conversations one after the other could not begin: {why}"
            self._over.set()

    async def _examine(self, shown: Shown) -> None:
        """Run a finding again with new users, make it shorter, and keep it."""

        def left() -> float:
            return min(self._options.shrinking, max(self._deadline - time.monotonic(), self._options.budget / 4))

        self._keep(await self._examiner.examine(shown, left))

    def _keep(self, finding: Finding) -> None:
        """Keep a finding, or fold it into one of the same cause; what only was late now and then is not judged."""
        if finding.late and finding.flaky and not self.explored.stopped:
            said = (
                f"{finding.shown.explanation}: {finding.again} of {finding.replays} replays, alone and with more time"
            )
            self.explored.not_judged[f"{said}, show it"] += 1
            return
        if self._options.first and not finding.flaky:
            self._over.set()
        old = self.explored.findings.get(finding.id)
        if old is None:
            self.explored.findings[finding.id] = finding
            return
        shorter = len(finding.shown.conversation.steps) < len(old.shown.conversation.steps)
        best, rest = (finding, old) if shorter and finding.again >= old.again else (old, finding)
        self.explored.findings[finding.id] = replace(best, count=best.count + rest.count)
