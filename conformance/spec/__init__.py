"""The protocol as the harness reads it: `load(folder)` gives one frozen, linked `Spec`, or every mistake in it."""

from conformance.spec.folder import find
from conformance.spec.load import load
from conformance.spec.model import Feature, Rule, Spec

__all__ = ["Feature", "Rule", "Spec", "find", "load"]
