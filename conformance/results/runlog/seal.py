"""The seal of a log: the SHA-256 of everything before it, in the last field of the footer.

    {"kind":"footer", … ,"sha256":"<64 hex digits>"}⏎

It reveals damage and careless editing, but no forgery: anybody can compute it. Logs of format 1 need none.
"""

from __future__ import annotations

import hashlib
import re

_FIELD = b',"sha256":"'
_SEALED = re.compile(rb'(.*,"sha256":")([0-9a-f]{64})"\}\n?', re.DOTALL)


class Seal:
    """A running hash of a log. Feed it every line but the footer, which it seals or checks."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the log."""
        self._digest.update(data)

    def seal(self, footer: bytes) -> bytes:
        """Give the line of a footer (a JSON object without its line feed) with the seal in it."""
        front = footer.removesuffix(b"}") + _FIELD
        self.feed(front)
        return front + self._digest.hexdigest().encode() + b'"}'

    def fits(self, line: bytes) -> bool:
        """Tell whether a line ends with the seal of this log; the last byte may be a line feed."""
        found = _SEALED.fullmatch(line)
        if found is None:
            return False
        self.feed(found[1])
        return self._digest.hexdigest().encode() == found[2]
