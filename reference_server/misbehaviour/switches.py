"""The switches of misbehaviour, and their values now."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reference_server.misbehaviour import values
from reference_server.misbehaviour.values import Latency

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

logger = logging.getLogger(__name__)
OFF = "off"
NO_LATENCY = Latency(0.0)


@dataclass(frozen=True, slots=True)
class Switch:
    """One way to misbehave: its option `--name`, the reader of its value, an example of a value, and its effect."""

    name: str
    read: Callable[[str], Any]
    example: str
    help: str

    @property
    def field(self) -> str:
        """The field of `Misbehaviour` that it sets."""
        return self.name.replace("-", "_")

    @property
    def is_flag(self) -> bool:
        """Whether its value is only on or off."""
        return self.read is values.on_or_off


SWITCHES = (
    Switch("latency", values.latency, "200ms±50", "how late the server sends each frame; the order does not change"),
    Switch("drop-connection", values.rate, "1/min", "how often the server cuts each connection, without a close frame"),
    Switch("reject-rate", values.share, "5%", "the share of requests that are refused as rate_limited"),
    Switch("reorder-acks", values.on_or_off, "on", "send the replies of a connection in a wrong order"),
    Switch("duplicate-events", values.share, "1%", "the share of events that are sent twice"),
    Switch("clock-skew", values.offset, "5m", "how far ahead the times of the server are; -5m is behind"),
    Switch("token-ttl", values.duration, "30s", "how long a token is valid after its iat, at most"),
)


@dataclass(frozen=True, slots=True)
class Misbehaviour:
    """The values of all switches: times in seconds, shares from 0 to 1, and rates per second."""

    latency: Latency = NO_LATENCY
    drop_connection: float = 0.0
    reject_rate: float = 0.0
    reorder_acks: bool = False
    duplicate_events: float = 0.0
    clock_skew: float = 0.0
    token_ttl: float | None = None


class SwitchError(ValueError):
    """A switch that does not exist, or a value that it does not take."""


class Switchboard:
    """The value of each switch; all are off at the beginning, and each change is logged."""

    def __init__(self, texts: Mapping[str, str] | None = None) -> None:
        self._texts: dict[str, str] = {}
        self._changed = asyncio.Event()
        self.now = Misbehaviour()
        self.set(texts or {})

    def set(self, texts: Mapping[str, str]) -> None:
        """Change switches by name; `off` switches one off. Raises SwitchError, and then changes none of them."""
        known = {switch.name: switch for switch in SWITCHES}
        for name, text in texts.items():
            if name not in known:
                raise SwitchError(f"There is no switch {name!r}; the switches are {', '.join(known)}.")
            if text != OFF:
                _read(known[name], text)
        after = {name: text for name, text in (self._texts | dict(texts)).items() if text != OFF}
        for name in sorted(self._texts.keys() | after.keys()):
            if self._texts.get(name) != after.get(name):
                value = after.get(name, OFF)
                logger.warning("This server misbehaves on request: %s is %s", name, value, extra={"is_change": True})
        self._texts = after
        self.now = Misbehaviour(**{known[name].field: _read(known[name], text) for name, text in after.items()})
        self._changed.set()
        self._changed = asyncio.Event()

    def texts(self) -> dict[str, str]:
        """Give the value of each switch as text."""
        return {switch.name: self._texts.get(switch.name, OFF) for switch in SWITCHES}

    async def change(self) -> None:
        """Wait for the next change."""
        await self._changed.wait()


def _read(switch: Switch, text: str) -> Any:
    try:
        return switch.read(text)
    except ValueError as error:
        raise SwitchError(f"--{switch.name}: {error}; got {text[:40]!r}") from None
