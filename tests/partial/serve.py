"""The reference server without a part: `python -m tests.partial.serve NAME -- ARGUMENT …`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from reference_server.__main__ import main as serve
from tests.faults.patching import Patch
from tests.partial.registry import partial

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Take the part away and run the server's own command with the rest."""
    name, *rest = arguments
    with Patch() as patch:
        partial(name).apply(patch)
        return serve(rest[1:] if rest[:1] == ["--"] else rest)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
