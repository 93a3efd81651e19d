"""How long a server that is slow, and not silent, gets."""

from __future__ import annotations

BUSY = 5
"""The factor for a reply that is late while the server still sends other frames, or may still be reading ours."""

AFTER_ERROR = 0.02
"""Seconds in which the barrier's own reply shows that an Error before it has answered something else."""

CLOSING = 1.0
"""Seconds for the end of TCP after a close frame: nothing depends on the connection any more."""
