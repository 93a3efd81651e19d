"""Speaks as an old server does (`--dialect`): other names, an envelope, numbers as ids.

Everything inside the server speaks the protocol. This package stands around it and translates frames, tokens and the
provisioning API. Its tables are JSON that `chat-parity serve --dialect` makes from a target file: one reader of such
files, in the harness, is enough, and the server imports nothing of it.
"""
