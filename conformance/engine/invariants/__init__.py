"""Judges traffic by the invariants of the spec: without I/O, one observation at a time, in bounded memory."""

from conformance.engine.invariants.evaluator import OF_CONSTANT_ROLES, Evaluation, Evaluator, evaluate
from conformance.engine.invariants.values import Observation, Violation

__all__ = ["OF_CONSTANT_ROLES", "Evaluation", "Evaluator", "Observation", "Violation", "evaluate"]
