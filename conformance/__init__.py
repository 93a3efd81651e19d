"""chat-parity: plays the veza chat protocol against a server and says which of its rules hold."""

__version__ = "0.1.0"
