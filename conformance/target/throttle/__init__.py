"""What a good guest does on a server that is not ours: it asks before it enters, keeps below a rate, and stops in time.

    limits      how much the target file allows: by default nothing is held back on this machine, and much elsewhere
    window      a sliding window (pure)
    guest       holds requests and connections back until the limits allow them
    seats       how many connections a scenario has open at once (pure)
    protection  which addresses need `--yes`
    retrying    what a server asks for that refuses a connection for a while (RFC 9110 §10.2.3)

The time that we hold ourselves back is not the server's: it is measured, and a play that it has spoiled is judged
UNTESTABLE.
"""

from conformance.target.throttle.limits import CAREFUL, UNLIMITED, Limits, read_limits
from conformance.target.throttle.protection import demand_consent
from conformance.target.throttle.throttle import Throttle

__all__ = ["CAREFUL", "UNLIMITED", "Limits", "Throttle", "demand_consent", "read_limits"]
