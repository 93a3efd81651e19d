"""Reads the sections `headers`, `subprotocols`, `tls` and `proxy` of a target file."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from conformance.errors import BadFile
from conformance.target.access.addresses import looks_secret
from conformance.target.access.headers import wrong_headers
from conformance.target.access.model import Access
from conformance.target.access.proxies import ENVIRONMENT, Proxies, wrong_proxy
from conformance.target.access.tls import read_tls

if TYPE_CHECKING:
    from conformance.files.documents import Document
    from conformance.target.secrets import Secrets


def read_access(document: Document, secrets: Secrets) -> Access:
    """Read the sections; raises BadFile. Headers that look like keys become secrets."""
    headers: dict[str, str] = document.value.get("headers", {})
    proxy: str = document.value.get("proxy", ENVIRONMENT)
    mistakes = [document.mistake(message, ("headers", name)) for name, message in wrong_headers(headers)]
    wrong = wrong_proxy(proxy)
    if wrong is not None:
        mistakes.append(document.mistake(wrong, ("proxy",)))
    if mistakes:
        raise BadFile(*mistakes)
    for name, value in headers.items():
        if looks_secret(name, value):
            secrets.keep(value)
            secrets.keep(value.rpartition(" ")[2])  # `Bearer …` without its first word
    _keep_password(proxy, secrets)
    return Access(headers, tuple(document.value.get("subprotocols", ())), Proxies(proxy), read_tls(document))


def _keep_password(proxy: str, secrets: Secrets) -> None:
    password = urlsplit(proxy).password
    if password:
        secrets.keep(unquote(password))
