"""Writes target files: what somebody has said of a server, with a comment on each thing, and the rest as examples.

answers     what is asked for (the flags of `chat-parity init`)
sections    the section `provision` of each driver, as a text to be completed
compose     answers become the text of a file (pure)
"""

from conformance.init.answers import Answers
from conformance.init.compose import compose
from conformance.init.sections import DRIVERS

__all__ = ["DRIVERS", "Answers", "compose"]
