"""The ways in which a scenario run ends early."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.scenario.steps import Step
    from conformance.wire.events import Received


class ScenarioError(Exception):
    """The base: a sentence, the received frame that it is about, and the step, which `run_steps` sets."""

    def __init__(self, message: str, offender: Received | None = None, step: Step | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.offender = offender
        self.step = step


class Unmet(ScenarioError):
    """The server did not do what a step expects."""


class Granted(Unmet):
    """The server granted what it has to refuse, which no way of refusing excuses."""


class ControlFailed(ScenarioError):
    """The server did not do what a control expects: what the scenario is about cannot be judged."""


class Lacking(ScenarioError):
    """What the scenario relies on, `types` of other features, is not what the server has: nothing can be judged."""

    def __init__(self, message: str, types: tuple[str, ...]) -> None:
        super().__init__(message)
        self.types = types


class TooSlow(ScenarioError):
    """The harness was too slow for the steps: the result says nothing about the server."""


class Spoiled(ScenarioError):
    """Something else stops the scenario, such as a wrong frame, which is charged to its own rule."""


class LimitDoesNotFit(ScenarioError):
    """A limit of the target, whose path is `limit`, is too low or too high for the scenario, which does not apply."""

    def __init__(self, message: str, limit: str) -> None:
        super().__init__(message)
        self.limit = limit


class Broken(ScenarioError):
    """The scenario or the harness is wrong: the result says nothing about the server."""
