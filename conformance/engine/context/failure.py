"""The ways in which a play ends early."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conformance.scenario.steps import Step
    from conformance.wire.events import Received


class PlayError(Exception):
    """The base: a sentence, the received frame that it is about, and the step, which `perform` fills in."""

    def __init__(self, message: str, offender: Received | None = None, step: Step | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.offender = offender
        self.step = step


class Unmet(PlayError):
    """The server did not do what a step expects."""


class TooSlow(PlayError):
    """The harness took longer than the steps leave it: what was seen says nothing about the server."""


class Spoiled(PlayError):
    """What the server sent, wrong in itself, keeps the play from going on; that frame is charged to its own rule."""


class Broken(PlayError):
    """The scenario, or the harness, is wrong: nothing is said about the server."""
