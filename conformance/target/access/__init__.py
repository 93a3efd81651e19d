"""The way to a server: what the upgrade carries besides the protocol, TLS, and the proxy in between."""

from conformance.target.access.addresses import keep_query, secret_names, shown_address, take_from_environment
from conformance.target.access.headers import overlay
from conformance.target.access.model import Access
from conformance.target.access.read import read_access

__all__ = ["Access", "keep_query", "overlay", "read_access", "secret_names", "shown_address", "take_from_environment"]
