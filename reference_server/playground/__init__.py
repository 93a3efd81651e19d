"""A page to chat as several users in one browser; `--demo` serves it.

The page is a client like any other: it speaks the protocol over `/ws` and calls the provisioning API. It also loads its
own files, the schemas of the requests, the switches of misbehaviour, and the tokens that `--demo` prints.
"""
