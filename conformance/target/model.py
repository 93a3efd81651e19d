"""What a target is: the values of its file, the defaults of the spec filled in."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

from conformance.target.access import Access, shown_address
from conformance.target.secrets import Secrets
from conformance.target.throttle import Throttle
from conformance.target.url_errors import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from conformance.target.accounts import ExpectedId, Provisioner
    from conformance.target.auth import Auth
    from conformance.target.dialect import Dialect
    from conformance.target.throttle import Limits


class Driver(Protocol):
    """A driver as the target file describes it; `open` cleans up at the end, however the run ends."""

    @property
    def addresses(self) -> tuple[str, ...]:
        """The URLs that it uses besides the instances."""
        ...

    @property
    def expected_ids(self) -> Sequence[ExpectedId]:
        """The ids that the target file determines; ids that the target creates are known later."""
        ...

    def open(self, target: Target, default_role: str) -> AbstractAsyncContextManager[Provisioner]:
        """Open it; raises ProvisioningFailed or UsageError."""
        ...


@dataclass(frozen=True, slots=True)
class Target:
    """A server under test: where it is, who may come in and how, and the profile it is judged by.

    `profile` has the groups `limits`, `timers` (seconds) and `options`; `reply` is how many seconds a reply may take.
    `secrets` are kept out of everything that is stored or printed; a run may add more. The file `waivers` lists the
    known failures. `dialect` has the target's own names (None: those of the protocol). Every request waits for its turn
    at `throttle`. `keepalive`: WebSocket pings may keep idle connections open. `access` is the way to it.
    """

    name: str
    instances: tuple[str, ...]
    auth: Auth
    provision: Driver
    profile: Mapping[str, Mapping[str, Any]]
    ambient: frozenset[str]
    reply: float
    file: Path | None = None
    throttle: Throttle = field(default_factory=Throttle, compare=False)
    protected: tuple[str, ...] | None = None
    secrets: Secrets = field(default_factory=Secrets, compare=False)
    waivers: Path | None = None
    dialect: Dialect | None = None
    keepalive: bool = True
    access: Access = field(default_factory=Access)

    @property
    def local(self) -> bool:
        """Whether every instance runs on this machine, so that it can reach a URL of ours."""
        return is_local(self.instances)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Give the instances as they are shown: without the values of a query."""
        return tuple(map(shown_address, self.instances))

    @property
    def limits(self) -> Limits:
        """The limits that a run keeps on this target."""
        return self.throttle.limits

    @property
    def keys(self) -> tuple[str, ...]:
        """The secrets that no frame of the server may contain: the signing secret."""
        return () if self.auth.signing is None else (self.auth.signing.secret,)

    def look_up(self, path: str) -> Any:
        """Give a profile value by its path, such as `timers.rate_window`; raises KeyError."""
        group, _, name = path.partition(".")
        return self.profile[group][name]


def is_local(urls: Iterable[str]) -> bool:
    """Say whether all these addresses are of this machine."""
    return all(is_loopback(urlsplit(url).hostname or "") for url in urls)
