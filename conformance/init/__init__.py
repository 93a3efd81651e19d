"""Writes target files: the user's answers about a server, each with a comment, and examples for the rest.

answers     what is asked for (the flags of `chat-parity init`)
sections    the section `provision` of each driver, as a text to be completed
compose     answers become the text of a file (pure)
"""

from conformance.init.answers import Answers
from conformance.init.compose import compose, schema_line
from conformance.init.sections import DRIVERS

__all__ = ["DRIVERS", "Answers", "compose", "schema_line"]
