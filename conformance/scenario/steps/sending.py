"""The steps that send: frames of the protocol, raw ones, WebSocket pings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.scenario.steps.step import Step

if TYPE_CHECKING:
    from conformance.scenario.steps.step import Raw


@dataclass(frozen=True, slots=True, kw_only=True)
class Send(Step):
    """Send one frame of a type. `extra` are fields that the type does not have, sent on purpose."""

    frame: str
    by: str
    fields: Raw
    invalid: bool = False
    extra: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return f"send {self.frame} by {self.by}"


@dataclass(frozen=True, slots=True)
class RawFrame:
    """One raw WebSocket frame; `payload` may contain references, `payload_hex` takes precedence over it."""

    opcode: int
    fin: bool = True
    payload: Raw = ""
    payload_hex: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRaw(Step):
    """Send text, bytes or frames unchecked; exactly one of the three is given."""

    by: str
    text: Raw = None
    binary: str | None = None
    frames: tuple[RawFrame, ...] = ()

    @property
    def label(self) -> str:
        kind = "text" if self.text is not None else "binary" if self.binary is not None else "frames"
        return f"send_raw {kind} by {self.by}"


@dataclass(frozen=True, slots=True, kw_only=True)
class WsPing(Step):
    """A WebSocket ping whose pong must carry the same payload."""

    by: str
    payload: Raw

    @property
    def label(self) -> str:
        return f"ws_ping by {self.by}"
