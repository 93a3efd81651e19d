"""Which proxy leads to an address: one rule for WebSockets and for the requests of provisioning."""

from __future__ import annotations

import contextlib
import ipaddress
import re
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from conformance.errors import UsageError
from conformance.target.access.addresses import shown_address
from conformance.target.url_errors import is_loopback

if TYPE_CHECKING:
    from collections.abc import Iterator

ENVIRONMENT = "environment"
NONE = "none"
HTTP_PROXIES = ("http", "https")
SOCKS_PROXIES = ("socks5", "socks5h")
SOCKS_PACKAGES = ("python_socks", "socksio")
"""The package that WebSockets take for a SOCKS proxy, and the one that HTTP takes."""
_PORTS = {"ws": 80, "http": 80, "wss": 443, "https": 443}
_VARIABLES = {"ws": ("ws", "http"), "http": ("http",), "wss": ("wss", "https"), "https": ("https",)}


@dataclass(frozen=True, slots=True)
class Proxies:
    """The key `proxy`: `environment` (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY), `none`, or a URL for everything.

    No proxy ever leads to this machine itself.
    """

    setting: str = ENVIRONMENT

    def leading_to(self, url: str) -> str | None:
        """Give the URL of the proxy for an address, None if there is none; raises UsageError if it is unusable."""
        parts = urlsplit(url)
        if self.setting == NONE or is_loopback(parts.hostname or ""):
            return None
        if self.setting != ENVIRONMENT:
            return _usable(self.setting, "the target file")
        return _of_environment(parts)


def wrong_proxy(setting: str) -> str | None:
    """Say what is wrong with the key `proxy`; None: nothing."""
    if setting in (ENVIRONMENT, NONE):
        return None
    try:
        parts = urlsplit(setting)
        known = parts.scheme.lower() in (*HTTP_PROXIES, *SOCKS_PROXIES) and parts.hostname and parts.port != 0
    except ValueError:
        known = False
    if known:
        return None
    return (
        f"{shown_address(setting)!r:.200} is no proxy: write environment, none, http://HOST:PORT or socks5h://HOST:PORT"
    )


def _of_environment(parts: SplitResult) -> str | None:
    known = getproxies_environment()
    if _goes_without(parts, known.get("no", "")):
        return None
    for variable in (*_VARIABLES.get(parts.scheme.lower(), ()), "all"):
        if known.get(variable):
            return _usable(known[variable], f"{variable.upper()}_PROXY")
    return None


def _goes_without(parts: SplitResult, exceptions: str) -> bool:
    """Tell whether NO_PROXY has the host: as Python reads it, with the default port, or as one of a network."""
    host = parts.hostname or ""
    if proxy_bypass(parts.netloc.rpartition("@")[2]) or proxy_bypass(f"{host}:{_PORTS.get(parts.scheme.lower())}"):
        return True
    with contextlib.suppress(ValueError):  # It is a name.
        address = ipaddress.ip_address(host)
        return any(address in network for network in _networks(exceptions))
    return False


def _networks(exceptions: str) -> Iterator[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    for one in exceptions.split(","):
        with contextlib.suppress(ValueError):
            yield ipaddress.ip_network(re.sub(r"[\s\[\]]", "", one), strict=False)


def _usable(proxy: str, source: str) -> str:
    """Give the proxy in the form that the libraries take; raises UsageError if it cannot be used."""
    proxy = proxy if "://" in proxy else f"http://{proxy}"  # as curl reads it
    scheme, _, rest = proxy.partition("://")
    scheme = "socks5h" if scheme.lower() == "socks" else scheme.lower()
    shown = shown_address(proxy)
    if wrong_proxy(f"{scheme}://{rest}") is not None:
        raise UsageError(
            f"the proxy {shown} (from {source}) cannot be used: it takes http://, https://, socks5:// or socks5h://;"
            " `proxy: none` in the target file goes without one"
        )
    if scheme in SOCKS_PROXIES and not all(map(find_spec, SOCKS_PACKAGES)):
        raise UsageError(
            f"the proxy {shown} (from {source}) speaks SOCKS, which needs two more packages:"
            " pip install 'chat-parity[socks]'; `proxy: none` in the target file goes without a proxy"
        )
    return f"{scheme}://{rest}"
