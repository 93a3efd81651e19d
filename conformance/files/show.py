"""Writes a value for an error message."""

from __future__ import annotations

import json
from typing import Any


def show(value: Any, limit: int = 80) -> str:
    """Write a value for an error message: as JSON, as on the wire, and shortened."""
    try:
        text = _JSON.encode(value)
    except (TypeError, ValueError):
        text = repr(value)
    except RecursionError:
        text = "something that is nested too deeply to be shown"
    return text if len(text) <= limit else f"{text[:limit]}… ({len(text)} characters)"


_JSON = json.JSONEncoder(ensure_ascii=False)
