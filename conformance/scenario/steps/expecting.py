"""The steps that expect: a frame, the first of several things, a close, what a probe observes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from conformance.scenario.steps.step import Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.scenario.steps.step import Raw


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect(Step):
    """Each of the connections gets a matching frame."""

    frame: str
    at: tuple[str, ...]
    pattern: Raw
    next: bool = False
    within: str | None = None

    @property
    def label(self) -> str:
        return f"expect {self.frame} at {', '.join(self.at)}"


@dataclass(frozen=True, slots=True)
class Alternative:
    """One thing that may happen on a connection: exactly one of a frame, close codes, a drop, a refusal."""

    frame: str | None = None
    pattern: Raw = None
    close: tuple[str, ...] = ()
    dropped: bool = False
    refused: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectEither(Step):
    """The first of several things happens."""

    at: str
    alternatives: tuple[Alternative, ...]
    within: str | None = None

    @property
    def label(self) -> str:
        return f"expect_either at {self.at}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectClose(Step):
    """The server closes the connections, with one of these codes (any, if there are none)."""

    at: tuple[str, ...]
    codes: tuple[str, ...] = ()
    or_dropped: bool = False
    within: str | None = None

    @property
    def label(self) -> str:
        return f"expect_close at {', '.join(self.at)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observe(Step):
    """Probes only: observe which of the choices matches at a connection."""

    at: str
    choices: Mapping[str, Alternative]
    otherwise: str

    @property
    def label(self) -> str:
        return f"observe {self.at}"
