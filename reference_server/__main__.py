"""The command: `python -m reference_server`."""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

from reference_server.options import parse

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    options = parse(sys.argv[1:] if arguments is None else arguments)
    from reference_server.command import execute  # noqa: PLC0415 -- a second, which --help and mistakes need not take

    return execute(options)


if __name__ == "__main__":
    code = main()
    gc.freeze()  # the interpreter would look at every object once more, which takes longer than the rest of the end
    sys.exit(code)
