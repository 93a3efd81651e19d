"""A target's own names: types, fields, words, ids and an envelope, translated between a connection and the wire.

Scenarios, patterns and schemas speak the protocol. `read_dialect` makes the `dialect:` section of a target file a
frozen `Dialect`; each of its two directions has two pure functions, `to_wire` and `from_wire`.
"""

from conformance.target.dialect.model import (
    Dialect,
    Direction,
    Envelope,
    Translation,
    form_of,
    nobodys_id,
    provided,
    wire_type,
)
from conformance.target.dialect.reading import read_dialect

__all__ = [
    "Dialect",
    "Direction",
    "Envelope",
    "Translation",
    "form_of",
    "nobodys_id",
    "provided",
    "read_dialect",
    "wire_type",
]
