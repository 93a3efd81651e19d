"""The revision of a scenario: it tells whether two runs ran the same scenario under one id."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORDS_ONLY = frozenset({"id", "title", "tags", "why", "no_control"})
"""Keys whose text may change without a change of the scenario."""


def revision(content: Mapping[str, Any]) -> str:
    """Give 16 hex digits over everything that decides how a scenario is run and judged.

    `content` is the document of one scenario or of one case. Its comments, its place and the order of its keys do not
    count. Files that all scenarios share (message schemas, `protocol.yaml`) do not count: a log has a digest for them.
    """
    decisive = {key: value for key, value in content.items() if key not in _WORDS_ONLY}
    canonical = json.dumps(decisive, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]
