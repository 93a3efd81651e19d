"""Fills `${env.NAME}` in the values of a target file; what comes from the environment is a secret."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from conformance.errors import BadFile
from conformance.target.access.addresses import keep_query

if TYPE_CHECKING:
    from conformance.errors import Mistake
    from conformance.files.documents import Document, Steps
    from conformance.target.secrets import Secrets

_REFERENCE = re.compile(r"\$\{env\.([^}]*)\}")
_OTHER = re.compile(r"\$\{(?!env\.)([^}]*)\}")
_UNCLOSED = re.compile(r"(?<!\$)\$\{(?![^{}]*\})[\w.]*")
"""The beginning of a name without its `}`: it would be sent as it is written. `$${` is two characters of a template."""
_WHOLE = re.compile(r"-?\d{1,18}")
_DECIMAL = re.compile(r"-?\d{1,18}\.\d{1,18}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBERS = ("throttle", "limits", "timers", "options", "reply", "keepalive")
"""The sections of numbers and switches: what comes from the environment is read as such, and is no secret."""
_UNKNOWN = object()
"""Stands for a number that is not known where a file is only checked: it is left out."""
_PUBLIC = (("name",),)
"""Places of what every report shows."""
_TEMPLATES = ("provision", "auth")
"""The sections whose values are templates."""
_PLAIN = ("instances", "headers", "proxy", "tls", "subprotocols")
"""The sections in which only `${env.NAME}` means anything; another name would be sent as it is written."""
_ADDRESSES = {("instances",): "wss", ("provision", "api"): "https", ("proxy",): "http"}
"""Places of addresses, and their schemes. An address that comes whole from the environment is no secret: a report names
what was tested. The values of its query are."""


def fill_environment(document: Document, secrets: Secrets) -> Document:
    """Give the document with its variables filled in; raises BadFile that names each missing one.

    Where a file is only checked, a missing variable gets a value that fits its place.
    """
    mistakes: list[Mistake] = []

    def fill(value: Any, path: Steps) -> Any:
        if isinstance(value, dict):
            filled = {key: fill(inner, (*path, key)) for key, inner in value.items()}
            return {key: inner for key, inner in filled.items() if inner is not _UNKNOWN}
        if isinstance(value, list):
            return [fill(inner, (*path, index)) for index, inner in enumerate(value)]
        if not isinstance(value, str):
            return value
        other = _OTHER.search(value) if path and path[0] in _PLAIN else None
        if other is not None:
            hint = f"; write ${{env.{other[1]}}}" if _VARIABLE.fullmatch(other[1]) else ""
            mistakes.append(document.mistake(f"{other[0]:.80} means nothing here{hint}", path))
        unclosed = _UNCLOSED.search(value)
        if unclosed is not None:
            mistakes.append(document.mistake(f"{unclosed[0]:.80} has no }} at its end", path))
        if "${env." not in value:
            return value
        whole = _REFERENCE.fullmatch(value)
        if whole is not None and path[0] in _NUMBERS and os.environ.get(whole[1]):
            return _number(os.environ[whole[1]])
        if whole is not None and path[0] in _NUMBERS and secrets.checking and _VARIABLE.fullmatch(whole[1]):
            return _UNKNOWN

        def found(reference: re.Match[str]) -> str:
            name = reference[1]
            if not _VARIABLE.fullmatch(name):
                mistakes.append(document.mistake(f"{reference[0]:.80} names no environment variable", path))
                return ""
            text = os.environ.get(name)
            if text is None and secrets.checking:
                secrets.missing.setdefault(str(path[0]), []).append(name)
                return _stand_in(name, path, begins=reference.start() == 0)
            if not text:
                why = "is empty" if text == "" else "is not set"
                mistakes.append(document.mistake(f"the environment variable {name} {why}", path))
                return ""
            if "${" in text and path[0] in _TEMPLATES:
                mistakes.append(document.mistake(f"the value of {name} contains ${{, which begins a name here", path))
                return ""
            if whole is not None and _scheme(path) and "://" in text:
                keep_query(text, secrets)
                return text
            return text if path in _PUBLIC else secrets.keep(text)

        return _REFERENCE.sub(found, value)

    value = fill(document.value, ())
    if mistakes:
        raise BadFile(*sorted(mistakes, key=lambda one: (str(one.file), one.line)))
    return replace(document, value=value)


def _scheme(path: Steps) -> str | None:
    return next((scheme for place, scheme in _ADDRESSES.items() if path[: len(place)] == place), None)


def _number(text: str) -> Any:
    """Read a number or a switch as a file would have it; any other text stays one."""
    if text in ("true", "false"):
        return text == "true"
    if _WHOLE.fullmatch(text):
        return int(text)
    return float(text) if _DECIMAL.fullmatch(text) else text


def _stand_in(name: str, path: Steps, *, begins: bool) -> str:
    scheme = _scheme(path)
    return f"{scheme}://{name.lower().replace('_', '-')}.invalid" if scheme and begins else name
