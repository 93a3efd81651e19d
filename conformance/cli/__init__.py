"""The command `chat-parity`: thin entry points to the rest, one file per verb, imported when it is called."""

from conformance.cli.main import main

__all__ = ["main"]
