"""Wrongs of servers that read the JSON of a request by hand."""

import re

from reference_server import messages as wire
from reference_server.errors import Refused
from tests.faults.registry import Patch, fault


@fault(breaks=["CONN-20"])
def escaped_pairs_are_lost(patch: Patch) -> None:
    """Characters beyond 16 bits that a client writes as two escapes become question marks."""

    @patch.around(wire, "parse")
    def parse(original, text):
        return original(re.sub(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}", "??", text))


@fault(breaks=["CONN-20"])
def escaped_names_are_unknown(patch: Patch) -> None:
    """The names of fields are compared as they are written, escapes and all."""

    @patch.around(wire, "parse")
    def parse(original, text):
        if re.search(r'"[a-z_]*\\u00[0-9a-f]{2}[a-z_]*"\s*:', text):
            raise Refused("invalid_message", "No type.")
        return original(text)


@fault(breaks=["CONN-20"])
def white_space_around_json_is_refused(patch: Patch) -> None:
    """A frame has to begin with a brace."""

    @patch.around(wire, "parse")
    def parse(original, text):
        if not text.startswith("{") or not text.endswith("}"):
            raise Refused("invalid_message", "Not an object.")
        return original(text)


@fault(breaks=["CONN-20"])
def escaped_slashes_stay(patch: Patch) -> None:
    r"""The escape \/ of JSON stays as it is."""

    @patch.around(wire, "parse")
    def parse(original, text):
        return original(text.replace("\\/", "\\\\/"))
