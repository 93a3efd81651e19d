"""The reference server, except that one request ends the whole process."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from reference_server.__main__ import main as serve
from reference_server.handlers import messages
from tests.faults.patching import Patch

if TYPE_CHECKING:
    from collections.abc import Sequence

FATAL = "forged"
"""What whoever edits a message must not write."""


def crashing(arguments: Sequence[str]) -> int:
    """Run the server's own command."""
    with Patch() as patch:

        @patch.around(messages, "edit_message")
        async def edit_message(original: Any, *given: Any) -> Any:
            if any(getattr(one, "content", "") == FATAL for one in given):
                os._exit(1)
            return await original(*given)

        return serve(arguments)
