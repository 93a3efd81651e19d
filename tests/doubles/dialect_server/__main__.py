"""Run it: `python -m tests.doubles.dialect_server ARGUMENT …`, with the arguments of the reference server."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reference_server import serving
from reference_server.__main__ import main as serve
from tests.doubles.dialect_server.front import Front
from tests.doubles.dialect_server.numbers import Numbers

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str]) -> int:
    """Put the front before each instance, and run the server's own command."""
    database = arguments[arguments.index("--database") + 1].removeprefix("sqlite:///")
    numbers = Numbers(Path(f"{database}.numbers"))
    create_app: Any = serving.create_app

    def with_front(*given: Any) -> Front:
        return Front(create_app(*given), os.environ["JWT_SECRET"], numbers)

    serving.create_app = with_front  # type: ignore[assignment]
    return serve(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
