"""Judges traffic by the invariants of the spec: without I/O, one observation at a time, in bounded memory."""

from conformance.engine.invariants.evaluator import Evaluation, Evaluator, evaluate
from conformance.engine.invariants.values import Observation, Violation

__all__ = ["Evaluation", "Evaluator", "Observation", "Violation", "evaluate"]
