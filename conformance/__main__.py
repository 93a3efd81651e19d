"""`python -m conformance` is `chat-parity`."""

from conformance.cli import main

main()
