"""Uses the names of another server (`--dialect`): other names, an envelope, numbers as ids.

The server itself speaks only the protocol. This package wraps it, and translates frames, tokens and the provisioning
API. Its tables are JSON, which `chat-parity serve --dialect` makes from a target file. So only the harness reads target
files, and the server does not import the harness.
"""
