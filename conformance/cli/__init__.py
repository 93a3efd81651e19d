"""The command `chat-parity`: thin entry points to the rest, one file per verb, imported when it is called."""

import contextlib
import signal

with contextlib.suppress(ValueError):  # Only the main thread sets what a signal does.
    # Ctrl-C during the imports ends the process without a traceback; `main` handles it from then on.
    _before = signal.signal(signal.SIGINT, signal.SIG_DFL)
try:
    from conformance.cli.main import main
finally:
    with contextlib.suppress(ValueError, NameError):
        signal.signal(signal.SIGINT, _before)

__all__ = ["main"]
