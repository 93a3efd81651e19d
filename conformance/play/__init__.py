"""Plays one scenario against a target and says how it went: the heart of the harness.

    result = await play(scenario, stage)

`play` never raises for what a server does and never prints. `stage` holds what all plays of a run share.
"""

from conformance.play.onlookers import watched
from conformance.play.play import observe, play
from conformance.play.stage import Pacer, Stage

__all__ = ["Pacer", "Stage", "observe", "play", "watched"]
