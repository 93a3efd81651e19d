"""From what was seen to what it means: scenario → rule → feature → exit code, without I/O."""

from conformance.results.status import FAILING, RED, UNJUDGED, Status, worst
from conformance.results.verdict.judge import belongs, exit_code, judge
from conformance.results.verdict.model import Charge, JudgedFeature, JudgedRule, JudgedScenario, Judgement, Verdict

__all__ = [
    "FAILING",
    "RED",
    "UNJUDGED",
    "Charge",
    "JudgedFeature",
    "JudgedRule",
    "JudgedScenario",
    "Judgement",
    "Status",
    "Verdict",
    "belongs",
    "exit_code",
    "judge",
    "worst",
]
