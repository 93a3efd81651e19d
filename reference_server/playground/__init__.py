"""A page with which somebody chats as two or three users in a browser; `--demo` serves it.

The page is a client like any other: it speaks the protocol over `/ws` and calls the provisioning API. What it needs
besides is files: its own, the schemas of the requests, and the tokens that `--demo` prints as well.
"""
