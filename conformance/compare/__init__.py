"""Two runs side by side: what holds in both, what is better, what is lost, and what cannot be compared.

`compare(old, new)` is a pure function of two recorded runs; the views of it are functions of a `Comparison`.
"""

from conformance.compare.align import AlignedClient, AlignedLine, Alignment, align
from conformance.compare.model import Comparison, FeaturePair, ProbePair, RulePair, ScenarioPair, Side, Status
from conformance.compare.pairing import compare

__all__ = [
    "AlignedClient",
    "AlignedLine",
    "Alignment",
    "Comparison",
    "FeaturePair",
    "ProbePair",
    "RulePair",
    "ScenarioPair",
    "Side",
    "Status",
    "align",
    "compare",
]
