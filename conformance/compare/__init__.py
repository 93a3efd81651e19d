"""Two runs side by side: what holds in both, what is better, what is lost, and what cannot be compared.

`compare(old, new)` is a pure function of two recorded runs; the views of it are functions of a `Comparison`.
"""

from conformance.compare.align import AlignedClient, AlignedLine, Alignment, align
from conformance.compare.model import Change, Comparison, FeaturePair, ProbePair, RulePair, ScenarioPair, Side
from conformance.compare.pairing import compare

__all__ = [
    "AlignedClient",
    "AlignedLine",
    "Alignment",
    "Change",
    "Comparison",
    "FeaturePair",
    "ProbePair",
    "RulePair",
    "ScenarioPair",
    "Side",
    "align",
    "compare",
]
