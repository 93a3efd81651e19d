"""The steps that connect and disconnect."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conformance.scenario.steps.step import Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.scenario.steps.step import Raw


@dataclass(frozen=True, slots=True, kw_only=True)
class Connect(Step):
    """Open a connection, or check that it is refused.

    `compression`: offer permessage-deflate. `keepalive`: our own pings keep the connection in use while it waits.
    `must_admit`: a server that asks this user to come again later, and admits another, is wrong, and not only busy.
    """

    who: str
    instance: int | None = None
    join: tuple[str, ...] = ()
    token: Raw = None
    query: Mapping[str, Raw] = field(default_factory=dict)
    origin: str | None = None
    headers: Mapping[str, Raw] = field(default_factory=dict)
    compression: bool = False
    keepalive: bool = True
    refused: bool = False
    must_admit: bool = False

    @property
    def label(self) -> str:
        return f"connect {self.who}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnect(Step):
    """Disconnect, with a close handshake or by a TCP reset (`drop`)."""

    who: tuple[str, ...]
    drop: bool = False

    @property
    def label(self) -> str:
        return f"disconnect {', '.join(self.who)}"
