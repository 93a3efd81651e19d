"""The secrets of the latest connections: however many clients come and go, only so many are remembered."""

from __future__ import annotations

from conformance.target.secrets import Secrets

MOST = 500
"""Secrets of one generation; those of two generations are remembered."""


class RecentSecrets:
    """Redacts what the latest clients have shown; anything that looks like a token is redacted in any case."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._now, self._before = Secrets(), Secrets()

    def keep(self, secret: str) -> None:
        """Remember a secret, and forget those of long ago."""
        if secret in self._known or Secrets().redact(secret) != secret:
            return  # What looks like a token need not be remembered.
        if len(self._known) >= MOST:
            self._known.clear()
            self._now, self._before = Secrets(), self._now
        self._known.add(secret)
        self._now.keep(secret)

    def redact(self, text: str) -> str:
        """Replace the secrets in a text."""
        return self._before.redact(self._now.redact(text))
