"""The settings of the reference server, with its own profile as defaults."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

MIN_SECRET_BYTES = 32
#: For a demonstration on one's own machine only; anybody can read it here.
DEMO_SECRET = "demonstration-secret-for-one-machine-only"
#: As a browser sends it: nothing after the port.
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/?#@]+")


class ConfigError(ValueError):
    """A setting that the server refuses to start with."""


@dataclass(frozen=True, slots=True)
class Page:
    """How many items a page holds by default, and at most."""

    default: int
    maximum: int


@dataclass(frozen=True, slots=True)
class Limits:
    """The numbers of the protocol's profile."""

    content: int = 4000
    frame_bytes: int = 65_536
    query: int = 256
    history: Page = Page(50, 100)
    search: Page = Page(50, 100)
    sync: Page = Page(100, 500)
    emoji_bytes: int = 64
    reactions: int = 10
    attachments: int = 10
    attachment_bytes: int = 100 * 1024 * 1024
    connections: int = 10
    messages_per_window: int = 60
    requests_per_window: int = 600


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one deployment; instances of one process share them."""

    jwt_secret: str = field(repr=False)
    token_leeway: float = 5.0
    typing_expiry: float = 5.0
    rate_window: float = 60.0
    limits: Limits = field(default_factory=Limits)
    #: Whose pages may call the provisioning API from a browser; `*` is everybody.
    cors_origins: tuple[str, ...] = ()
    #: Whether everybody who reaches a port may read there: the metrics, the description of the provisioning API.
    metrics: bool = False
    docs: bool = False
    #: A connection whose reader lags by more than this is closed (4408).
    outbox_frames: int = 1024
    outbox_bytes: int = 8 * 1024 * 1024

    def __post_init__(self) -> None:
        if len(self.jwt_secret.encode()) < MIN_SECRET_BYTES:
            raise ConfigError(
                f"The JWT secret must have at least {MIN_SECRET_BYTES} bytes; "
                "give one with --jwt-secret or in the environment variable JWT_SECRET."
            )
        positive = {
            "--typing-expiry": self.typing_expiry,
            "--rate-window": self.rate_window,
            "--max-connections": self.limits.connections,
            "--message-limit": self.limits.messages_per_window,
            "--request-limit": self.limits.requests_per_window,
        }
        for option, value in positive.items():
            if not 0 < value < math.inf:
                raise ConfigError(f"{option} must be a finite number, and more than 0; got {value}")
        if not 0 <= self.token_leeway < math.inf:
            raise ConfigError(f"--token-leeway must be a finite number, and not negative; got {self.token_leeway}")
        for origin in self.cors_origins:
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                raise ConfigError(
                    f"{origin!r} is no origin: give scheme, host and port only, as in http://localhost:5173"
                )
