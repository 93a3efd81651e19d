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
    filler = _Filler(document, secrets)
    value = filler.fill(document.value, ())
    if filler.mistakes:
        raise BadFile(*sorted(filler.mistakes, key=lambda one: (str(one.file), one.line)))
    return replace(document, value=value)


class _Filler:
    """Fills in the variables of one document, and collects its mistakes."""

    def __init__(self, document: Document, secrets: Secrets) -> None:
        self.mistakes: list[Mistake] = []
        self._document = document
        self._secrets = secrets

    def fill(self, value: Any, path: Steps) -> Any:
        """Give a value of the document, at any depth, with its variables filled in."""
        if isinstance(value, dict):
            filled = {key: self.fill(inner, (*path, key)) for key, inner in value.items()}
            return {key: inner for key, inner in filled.items() if inner is not _UNKNOWN}
        if isinstance(value, list):
            return [self.fill(inner, (*path, index)) for index, inner in enumerate(value)]
        if not isinstance(value, str):
            return value
        self._check_names(value, path)
        whole = _REFERENCE.fullmatch(value)
        if whole is not None and path[0] in _NUMBERS and _VARIABLE.fullmatch(whole[1]):
            if os.environ.get(whole[1]):
                return _number(os.environ[whole[1]])
            if self._secrets.checking:
                return _UNKNOWN
        return _REFERENCE.sub(lambda reference: self._value(reference, path, is_whole=whole is not None), value)

    def _check_names(self, value: str, path: Steps) -> None:
        other = _OTHER.search(value) if path and path[0] in _PLAIN else None
        if other is not None:
            hint = f"; write ${{env.{other[1]}}}" if _VARIABLE.fullmatch(other[1]) else ""
            self._complain(f"{other[0]:.80} means nothing here{hint}", path)
        unclosed = _UNCLOSED.search(value)
        if unclosed is not None:
            self._complain(f"{unclosed[0]:.80} has no }} at its end", path)

    def _value(self, reference: re.Match[str], path: Steps, *, is_whole: bool) -> str:
        """Give the value of one variable, and keep it as a secret; `is_whole`: nothing else is in its place."""
        name = reference[1]
        if not _VARIABLE.fullmatch(name):
            return self._complain(f"{reference[0]:.80} names no environment variable", path)
        text = os.environ.get(name)
        if text is None and self._secrets.checking:
            self._secrets.missing.setdefault(str(path[0]), []).append(name)
            return _stand_in(name, path, begins=reference.start() == 0)
        if not text:
            return self._complain(
                f"the environment variable {name} {'is not set' if text is None else 'is empty'}", path
            )
        if "${" in text and path[0] in _TEMPLATES:
            return self._complain(f"the value of {name} contains ${{, which begins a name here", path)
        if is_whole and _scheme(path) and "://" in text:
            keep_query(text, self._secrets)
            return text
        return text if path in _PUBLIC else self._secrets.keep(text)

    def _complain(self, message: str, path: Steps) -> str:
        self.mistakes.append(self._document.mistake(message, path))
        return ""


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
