"""The secrets of a target: where they come from, and how they are kept out of everything that is stored or printed.

A secret is found by its value, plain or as written in JSON, a URL or HTML. What a target issues during a run (the token
of a login) is a secret as well, and so is a generated password.
"""

from __future__ import annotations

import html
import json
import os
import re
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from conformance.errors import BadFile, ChatParityError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

REDACTED = "«redacted»"
SHORTEST = 6
"""The fewest characters of a secret: a shorter one would be found, and hidden, all over a report."""
ELLIPSIS = "…"
"""The end of a text that was cut."""
FEW = 64
"""The most forms of secrets that are searched one by one; more are indexed by how they begin."""

_TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*\.[A-Za-z0-9_-]*")
"""A JWT: a base64url JSON object, a point, the claims, a point, the signature (RFC 7519 §3)."""


class Secrets:
    """The secrets of one target that are known so far.

    `checking`: the file is only checked, so no variable is read or needs to be set. `missing` are the variables that
    are not set then, by the section of the file that names them.
    """

    def __init__(self, *known: str, checking: bool = False) -> None:
        self.checking = checking
        self.missing: dict[str, list[str]] = {}
        self._forms: dict[str, set[str]] = {}
        self._longest = 0
        for secret in known:
            self.keep(secret)

    def keep(self, secret: str) -> str:
        """Remember a secret, and give it back; one that is too short to distinguish from other text is not searched."""
        if len(secret) >= SHORTEST:
            for form in _forms(secret):
                self._forms.setdefault(form[:SHORTEST], set()).add(form)
                self._longest = max(self._longest, len(form))
        return secret

    def read(self, variable: str, file: Path, purpose: str, least: int = SHORTEST) -> str:
        """Read a secret of at least `least` bytes from the environment; raises UsageError."""
        if self.checking:
            return ""
        secret = os.environ.get(variable)
        if not secret:
            raise UsageError(f"{file}: set the environment variable {variable} to {purpose}")
        if len(secret.encode()) < least:
            raise UsageError(f"the secret in {variable} is shorter than {least} bytes; use a longer one")
        return self.keep(secret)

    def redact(self, text: str) -> str:
        """Replace the secrets, and anything that looks like a token."""
        for form in sorted(self._suspects(text), key=len, reverse=True):  # One secret may be a part of another.
            text = text.replace(form, REDACTED)
        if ELLIPSIS in text:
            text = ELLIPSIS.join(map(self._without_beginning, text.split(ELLIPSIS)))
        return _TOKEN.sub(REDACTED, text) if "eyJ" in text else text

    @contextmanager
    def out_of_errors(self) -> Iterator[None]:
        """Remove the secrets from what an error of ours says."""
        try:
            yield
        except BadFile as error:
            raise BadFile(*(replace(one, message=self.redact(one.message)) for one in error.mistakes)) from None
        except ChatParityError as error:
            error.args = tuple(self.redact(str(one)) for one in error.args)
            raise

    def _without_beginning(self, text: str) -> str:
        """Replace the beginning of a secret at the end of a text that was cut."""
        tail = text[-self._longest :]
        for at in range(len(tail) - SHORTEST + 1):
            rest = tail[at:]
            if any(form.startswith(rest) for form in self._forms.get(rest[:SHORTEST], ())):
                return text[: len(text) - len(rest)] + REDACTED
        return text

    def _suspects(self, text: str) -> Iterator[str]:
        if len(self._forms) <= FEW:
            heads = set(self._forms)
        else:
            heads = {text[at : at + SHORTEST] for at in range(len(text) - SHORTEST + 1)} & self._forms.keys()
        for head in heads:
            yield from self._forms[head]


def _forms(secret: str) -> set[str]:
    """Give all the forms of a secret: plain, in a URL or in HTML, and each of these inside JSON."""
    quoted = {write(secret, safe=safe) for write in (quote, quote_plus) for safe in ("", "/", "/:@!$&'()*,;=")}
    quoted |= {re.sub("%..", lambda found: found[0].lower(), one) for one in quoted}
    quoted |= {quote(one, safe="") for one in quoted}
    forms = {secret, html.escape(secret), html.escape(secret, quote=False), *quoted}
    for _ in range(3):  # JSON often contains JSON.
        forms |= {json.dumps(one, ensure_ascii=ascii)[1:-1] for one in forms for ascii in (True, False)}
        forms |= {one.replace("/", "\\/") for one in forms} | {repr(secret)[1:-1]}
    return forms
