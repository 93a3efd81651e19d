"""The secrets of the latest connections, in bounded memory."""

from __future__ import annotations

from conformance.target.secrets import Secrets

MOST = 500
"""The number of secrets in one generation; two generations are kept."""


class RecentSecrets:
    """Redacts the secrets of the latest clients, those of the target, and everything that looks like a token."""

    def __init__(self, of_target: Secrets | None = None) -> None:
        self._of_target = of_target or Secrets()
        self._known: set[str] = set()
        self._now, self._before = Secrets(), Secrets()

    def keep(self, secret: str) -> None:
        """Keep a secret, and drop the oldest ones."""
        if secret in self._known or Secrets().redact(secret) != secret:
            return  # What looks like a token is redacted in any case.
        if len(self._known) >= MOST:
            self._known.clear()
            self._now, self._before = Secrets(), self._now
        self._known.add(secret)
        self._now.keep(secret)

    def redact(self, text: str) -> str:
        """Replace the secrets in a text."""
        return self._of_target.redact(self._before.redact(self._now.redact(text)))
