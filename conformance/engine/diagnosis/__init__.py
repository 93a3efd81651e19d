"""Checks each step of a connection to a server, and says what to do about a step that fails."""

from conformance.engine.diagnosis.diagnose import diagnose, diagnose_without_secrets
from conformance.engine.diagnosis.model import Check, Outlook

__all__ = ["Check", "Outlook", "diagnose", "diagnose_without_secrets"]
