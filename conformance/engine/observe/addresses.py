"""The connections of a recording to the server that is judged: pages also connect to others."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from conformance.engine.observe.head import LEAST_SECRET

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from conformance.engine.observe.recorded import Recorded

DEFAULT = {"ws": ":80", "http": ":80", "wss": ":443", "https": ":443"}
"""The ports that an address leaves out."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The connections that are judged; `left_out` counts the others by address. None judged: `kept` is empty."""

    kept: list[Recorded]
    left_out: Mapping[str, int]


def address_of(url: str) -> str | None:
    """Give the host and the path of a URL, without what may be a secret or an id; None if it is not a URL."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    host = parts.netloc.rpartition("@")[2].lower().removesuffix(DEFAULT.get(parts.scheme, " "))
    path = "/".join(_segment(one) for one in parts.path.split("/"))
    return f"{host}{path}".removesuffix("/") or None


def choose(found: Sequence[Recorded], servers: Iterable[str]) -> Chosen:
    """Choose the connections whose address begins with one of these; connections without an address always count."""
    wanted = [address_of(one if "://" in one else f"//{one}") or one for one in servers]
    kept, left_out = [], Counter[str]()
    for one in found:
        if one.address is None or any(_begins(one.address, with_) for with_ in wanted):
            kept.append(one)
        else:
            left_out[one.address] += 1
    return Chosen(kept, left_out)


def addresses(found: Iterable[Recorded]) -> list[str]:
    """Give the addresses of connections that have messages, each once."""
    return sorted({one.address for one in found if one.address is not None and one.messages})


def _begins(address: str, wanted: str) -> bool:
    return address == wanted or address.startswith(f"{wanted}/")


def _segment(one: str) -> str:
    return "…" if len(one) >= LEAST_SECRET or one.isdigit() else one
