"""chat-parity: tests a server against the veza chat protocol and says which of its rules hold."""

__version__ = "0.1.0"
