"""How long a server that is slow, and not silent, gets."""

from __future__ import annotations

BUSY = 5
"""The factor for a reply that is late while the server still sends other frames, or may still be reading ours."""

CLOSING = 1.0
"""Seconds for the close handshake of a connection that nothing depends on any more."""
