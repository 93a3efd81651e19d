"""Where the doubles listen: the loopback interface, for as long as a context lasts."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING

from reference_server.earlier.listening import listening

if TYPE_CHECKING:
    import trustme

__all__ = ["certified", "listening"]


def certified(authority: trustme.CA, host: str) -> ssl.SSLContext:
    """Give what a server listens with as `host`, by a certificate of the authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(host).configure_cert(context)
    return context
