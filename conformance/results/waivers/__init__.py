"""Known failures, written down with a reason, an owner and a day on which they end."""

from conformance.results.waivers.model import Waiver, Waivers

__all__ = ["Waiver", "Waivers"]
