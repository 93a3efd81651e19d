"""The command `chat-parity`: thin doors to the rest, one file per verb, imported when it is called."""

from conformance.cli.main import main

__all__ = ["main"]
