"""How the way to a target differs from the protocol's: reports list it beside the entries of the dialect."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.results.runlog import DialectEntry
from conformance.results.runlog.records import INSECURE
from conformance.target.auth import Auth

if TYPE_CHECKING:
    from conformance.target.model import Target

_OURS = f"query parameter {Auth().query_param}"


def access_differences(target: Target) -> tuple[DialectEntry, ...]:
    """Give the differences that every connection of a run has."""
    auth = target.auth
    found = []
    if auth.header is not None:
        found.append(DialectEntry("auth.header", _OURS, f"header {auth.header[0]}: {auth.header[1]}"))
    elif auth.subprotocol is not None:
        found.append(DialectEntry("auth.subprotocol", _OURS, f"subprotocol {auth.subprotocol}"))
    elif auth.query_param != Auth().query_param:
        found.append(DialectEntry("auth.query_param", _OURS, f"query parameter {auth.query_param}"))
    if target.access.subprotocols:
        offered = ", ".join(target.access.subprotocols)
        found.append(DialectEntry("subprotocols", "no subprotocol", f"offers {offered}"))
    if target.access.tls.insecure:
        found.append(DialectEntry(INSECURE, "certificates are checked", "any certificate is accepted"))
    return tuple(found)
