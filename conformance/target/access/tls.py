"""The section `tls`: whom the run trusts, and what it shows of itself."""

from __future__ import annotations

import ssl
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from conformance.errors import BadFile, Mistake
from conformance.files.regular_file import beside

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.files.documents import Document

SECTION = "tls"


@dataclass(frozen=True, slots=True)
class Tls:
    """How TLS connections are opened: `context` None means the certificates that this machine trusts."""

    context: ssl.SSLContext | None = field(default=None, compare=False, repr=False)
    server_name: str | None = None
    insecure: bool = False

    def opened(self) -> ssl.SSLContext:
        """Give the context for a connection."""
        return self.context or _default()


@lru_cache(maxsize=1)
def _default() -> ssl.SSLContext:
    return ssl.create_default_context()


def read_tls(document: Document) -> Tls:
    """Read the section; paths are relative to the file that names them. Raises BadFile."""
    section = document.value.get(SECTION)
    if section is None:
        return Tls()
    insecure = section.get("insecure", False)
    if insecure and "ca" in section:
        raise BadFile(
            document.mistake("`insecure: true` checks no certificate, so `ca` has no effect", (SECTION, "ca"))
        )
    if "key" in section and "cert" not in section:
        raise BadFile(document.mistake("a `key` belongs to a `cert`, which is missing", (SECTION, "key")))
    context = ssl.create_default_context()
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if "ca" in section:
        ca = _file(document, "ca")
        try:
            context.load_verify_locations(ca)
        except (OSError, ValueError) as error:
            raise BadFile(_unreadable(document, "ca", ca, error, "PEM certificates of an authority")) from None
    if "cert" in section:
        cert = _file(document, "cert")
        key = _file(document, "key") if "key" in section else None
        try:
            context.load_cert_chain(cert, key, password=_no_password)
        except (OSError, ValueError) as error:
            raise BadFile(_unreadable(document, "cert", cert, error, "a PEM certificate and its key")) from None
    return Tls(context, section.get("server_name"), insecure)


def _file(document: Document, key: str) -> Path:
    """Give the path of a file that exists."""
    named: str = document.value[SECTION][key]
    file = beside(document.origin((SECTION, key)), named)
    if file is None:
        raise BadFile(document.mistake(f"`{key}`: there is no file {named!r:.100}", (SECTION, key)))
    return file


def _unreadable(document: Document, key: str, file: Path, error: Exception, wanted: str) -> Mistake:
    why = error.reason if isinstance(error, ssl.SSLError) else getattr(error, "strerror", None)
    if why == "KEY_VALUES_MISMATCH":
        return document.mistake(f"`{key}`: the key belongs to another certificate than that of {file}", (SECTION, key))
    return document.mistake(f"`{key}`: {file} does not hold {wanted} ({why or error})", (SECTION, key))


def _no_password() -> str:
    # Without this, OpenSSL asks on the terminal.
    raise ValueError("the key is encrypted; name one without a passphrase")
