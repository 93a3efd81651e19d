"""`python -m conformance.cli` is `chat-parity`."""

from conformance.cli.main import main

main()
