"""Goes the whole way to a server step by step, and says at the first step that fails what to do about it."""

from conformance.engine.diagnosis.diagnose import diagnose
from conformance.engine.diagnosis.model import Check, Outlook

__all__ = ["Check", "Outlook", "diagnose"]
