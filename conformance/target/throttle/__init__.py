"""Limits the load on a server that is not ours: asks for consent, stays below a rate, and stops in time.

    limits            what the target file allows; by default, no limit on this machine and low limits elsewhere
    window            a sliding window (pure)
    throttle          delays requests and connections until the limits allow them
    connection_count  how many connections a scenario has open at once (pure)
    protection        which addresses need `--yes`
    retrying          how long a server asks clients to stay away (RFC 9110 §10.2.3)

Our own delay is measured and is not counted as the server's. A scenario that it spoils is UNTESTABLE.
"""

from conformance.target.throttle.limits import CAREFUL, UNLIMITED, Limits, read_limits
from conformance.target.throttle.protection import demand_consent
from conformance.target.throttle.throttle import Throttle

__all__ = ["CAREFUL", "UNLIMITED", "Limits", "Throttle", "demand_consent", "read_limits"]
