"""The steps of the scenario language as frozen types, one file per family; the grammar is `scenario.parse_steps`."""

from conformance.scenario.steps.arranging import Pause, Provision, Restart, Sync
from conformance.scenario.steps.collecting import Check, Collect, Page
from conformance.scenario.steps.connecting import Connect, Disconnect
from conformance.scenario.steps.controlling import Control, FasterThan, Repeat, Together, Witness
from conformance.scenario.steps.expecting import Alternative, Expect, ExpectClose, ExpectEither, Observe
from conformance.scenario.steps.forbidding import Never, NeverFetched
from conformance.scenario.steps.reading import ResumeReading, StopReading
from conformance.scenario.steps.sending import RawFrame, Send, SendRaw, WsPing
from conformance.scenario.steps.step import Raw, Step

__all__ = [
    "Alternative",
    "Check",
    "Collect",
    "Connect",
    "Control",
    "Disconnect",
    "Expect",
    "ExpectClose",
    "ExpectEither",
    "FasterThan",
    "Never",
    "NeverFetched",
    "Observe",
    "Page",
    "Pause",
    "Provision",
    "Raw",
    "RawFrame",
    "Repeat",
    "Restart",
    "ResumeReading",
    "Send",
    "SendRaw",
    "Step",
    "StopReading",
    "Sync",
    "Together",
    "Witness",
    "WsPing",
]
