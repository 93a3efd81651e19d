"""What a target is: the values of its file, the defaults of the spec filled in."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from conformance.politeness import Guest
from conformance.secrets import Secrets

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from conformance.dialect import Dialect
    from conformance.politeness import Limits
    from conformance.provision import Driver
    from conformance.target.auth import Auth


@dataclass(frozen=True, slots=True)
class Target:
    """A server under test: where it is, who may come in and how, and the profile it is judged by.

    `profile` has the groups `limits`, `timers` (seconds) and `options`; `reply` is how many seconds a reply may take.
    `secrets` are to be kept out of everything that is stored or printed; more are learned during a run. Its known
    failures stand in the file `waivers`. `dialect` is what it calls things (None: as the protocol does). Whatever asks
    the server for something waits for its turn at `guest`.
    """

    name: str
    instances: tuple[str, ...]
    auth: Auth
    provision: Driver
    profile: Mapping[str, Mapping[str, Any]]
    ambient: frozenset[str]
    reply: float
    file: Path | None = None
    guest: Guest = field(default_factory=Guest, compare=False)
    protected: tuple[str, ...] | None = None
    secrets: Secrets = field(default_factory=Secrets, compare=False)
    waivers: Path | None = None
    dialect: Dialect | None = None

    @property
    def local(self) -> bool:
        """Whether every instance runs on this machine, so that it can reach a URL of ours."""
        return is_local(self.instances)

    @property
    def politeness(self) -> Limits:
        """How much of its time a run may take."""
        return self.guest.limits

    @property
    def keys(self) -> tuple[str, ...]:
        """The secrets that no frame of the server may ever hold: the one that signs tokens."""
        return () if self.auth.signing is None else (self.auth.signing.secret,)

    def look_up(self, path: str) -> Any:
        """Give a profile value by its path, such as `timers.rate_window`; raises KeyError."""
        group, _, name = path.partition(".")
        return self.profile[group][name]


def is_local(urls: Iterable[str]) -> bool:
    """Say whether all these addresses are of this machine."""
    return all(_is_loopback(urlsplit(url).hostname or "") for url in urls)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
