"""What a parser may take or refuse."""

import itertools
import json
import re

from reference_server import messages, session
from reference_server.errors import Refused
from tests.variants.registry import Patch, variant
from tests.variants.tools import read_differently

HOSTILE = ["CONN-2", "CONN-3", "CONN-4", "CONN-10"]
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
LONE = re.compile(r"(?<!\\)((?:\\\\)*)\\u[dD](?:[89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])|[c-fC-F][0-9a-fA-F]{2})")
PAIRED = re.compile(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")


def _refuse(patch: Patch, when) -> None:
    @patch.around(session, "parse")
    def parse(original, text):
        if when(text):
            raise Refused("invalid_message", "Message JSON invalide.")
        return original(text)


@variant(about=HOSTILE)
def duplicate_keys_refused(patch: Patch) -> None:
    """A duplicate key may be an error, as in Rust."""

    def twice(text: str) -> bool:
        found = []
        try:
            json.loads(text, object_pairs_hook=lambda pairs: found.append(len(pairs) != len(dict(pairs))))
        except (ValueError, RecursionError):
            return True
        return any(found)

    _refuse(patch, twice)


@variant(about=HOSTILE)
def first_key_wins(patch: Patch) -> None:
    """Of a duplicate key, a server may take the first."""

    def first(text: str) -> str:
        try:
            return json.dumps(json.loads(text, object_pairs_hook=lambda pairs: dict(pairs[::-1])))
        except (ValueError, RecursionError):
            return text

    read_differently(patch, first)


@variant(about=[*HOSTILE, "SEND-1", "CALL-3"])
def lone_surrogates_replaced(patch: Patch) -> None:
    """A lone surrogate may become U+FFFD, as in Go."""

    def whole(text: str) -> str:
        parts = PAIRED.split(text)
        pairs = PAIRED.findall(text)
        kept = [LONE.sub(r"\1�", part) for part in parts]
        return "".join(piece for both in zip(kept, [*pairs, ""], strict=True) for piece in both)

    read_differently(patch, whole)


@variant(about=HOSTILE)
def nesting_refused_at_32(patch: Patch) -> None:
    """How deep JSON may be nested is the parser's own matter."""
    steps = {"[": 1, "{": 1, "]": -1, "}": -1}

    def depth(text: str) -> int:
        return max(itertools.accumulate(steps.get(one, 0) for one in STRING.sub("", text)), default=0)

    _refuse(patch, lambda text: depth(text) > 32)


@variant(about=[*HOSTILE, "SEND-1"])
def nul_accepted(patch: Patch) -> None:
    """NUL may be text like any other."""
    patch.rewrite(messages._storable, 'if "\\0" in text:', "if False:")


@variant(about=[*HOSTILE, "HIST-5*"])
def whole_floats_are_integers(patch: Patch) -> None:
    """`5.0` is an integer to JSON Schema and to JavaScript."""
    read_differently(patch, lambda text: re.sub(r'("(?:limit|offset|size|width|height)"\s*:\s*\d+)\.0+\b', r"\1", text))


@variant(about=HOSTILE)
def parser_answers_conflict(patch: Patch) -> None:
    """Which code an Error of the parser has is nobody's rule."""

    @patch.around(session, "parse")
    def parse(original, text):
        try:
            return original(text)
        except Refused as refused:
            raise Refused("conflict", refused.message) from None
