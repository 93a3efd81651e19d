"""The virtual users that Locust spawns: each chooses scenarios and hands them to the event loop.

This imports Locust, without its monkey patching, which would break asyncio: see `swarm.import_locust`.
"""

from __future__ import annotations

import itertools
import logging
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from locust import User, task
from locust.env import Environment
from locust.exception import StopUser

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from conformance.engine.load.bridge import Bridge
    from conformance.engine.load.job import Job

NAME = "ChatUser"


@dataclass(slots=True)
class Script:
    """What the virtual users of one process need; a worker learns its job after it has connected to its master.

    `worker` is the number of the process: each draws other scenarios.
    """

    run: Callable[[str], Coroutine[Any, Any, None]] | None = None
    bridge: Bridge | None = None
    job: Job | None = None
    worker: int = 0


def make_environment(script: Script) -> Any:
    """Make Locust's environment, with the one class of virtual users; nothing of it is printed."""
    _silence()
    numbers = itertools.count()

    def begin(self: Any) -> None:
        if script.job is None:
            raise StopUser  # The master is sending this worker away, and Locust does not know that.
        self.job = script.job
        self.random = random.Random(f"{script.job.seed} {script.worker} {next(numbers)}")  # noqa: S311

    def act(self: Any) -> None:
        assert script.run is not None
        assert script.bridge is not None
        work = script.run(self.job.mix.choose(self.random))
        if self.job.shape.rate is None:
            script.bridge.wait(work)
        else:
            script.bridge.start(work)

    def pause(self: Any) -> float:
        """Give the seconds until the next arrival: a Poisson process, whatever the server does."""
        shape = self.job.shape
        return 0.0 if shape.rate is None else float(self.random.expovariate(shape.rate / shape.generators))

    user_class = type(NAME, (User,), {"on_start": begin, "act": task(act), "wait_time": pause})
    environment = Environment(user_classes=[user_class], catch_exceptions=False)
    environment.events.cpu_warning.add_listener(_told)
    return environment


def _told(environment: Any, **_: object) -> None:
    """Say to Locust that its warning of a busy processor was given: the record of the load has one of its own."""
    environment.runner.cpu_warning_emitted = True


def _silence() -> None:
    logger = logging.getLogger("locust")
    logger.addHandler(logging.NullHandler())
    logger.propagate = False
