"""The JSON Schemas of the requests, from which the page makes its forms."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from reference_server.config import ConfigError
from reference_server.handlers import HANDLERS

_PACKAGE = Path(__file__).parents[1]
#: Where the wheel puts its copy of `spec/messages`.
_COPY = _PACKAGE / "_messages"
#: The keys of a schema that a form does not need.
_LEFT_OUT = {"$schema", "$id", "x-invalid-examples", "x-provenance"}


def folder() -> Path:
    """Give the folder of the schemas: inside the wheel, or in the checkout; raises ConfigError."""
    for found in (_COPY, _PACKAGE.parent / "spec" / "messages"):
        if (found / "common.json").is_file():
            return found
    raise ConfigError("The schemas of the messages are missing: reinstall chat-parity.")


def read() -> dict[str, Any]:
    """Give the schema of each request by its type, in the order of the handlers, and the definitions that they share.

    A reference `../common.json#/$defs/NAME` is a definition `NAME` under `shared`.
    """
    here = folder()
    requests = {kind.__name__: _read(here / "incoming" / f"{kind.__name__}.json") for kind in HANDLERS}
    return {"requests": requests, "shared": _read(here / "common.json")["$defs"]}


def _read(file: Path) -> dict[str, Any]:
    schema: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return {key: value for key, value in schema.items() if key not in _LEFT_OUT}
