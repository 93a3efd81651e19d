"""The way to a server, as one value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from conformance.target.access.proxies import Proxies
from conformance.target.access.tls import Tls

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Access:
    """What leads to a server: `headers` and `subprotocols` of every upgrade, TLS, and the proxy in between.

    `headers` may hold keys of a gateway, so they are never shown.
    """

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    subprotocols: tuple[str, ...] = ()
    proxies: Proxies = field(default_factory=Proxies)
    tls: Tls = field(default_factory=Tls)

    @property
    def origin(self) -> str | None:
        """Give the header Origin, which scenarios about origins replace."""
        return next((value for name, value in self.headers.items() if name.lower() == "origin"), None)

    @property
    def plain_headers(self) -> Mapping[str, str]:
        """Give all other headers."""
        return {name: value for name, value in self.headers.items() if name.lower() != "origin"}
