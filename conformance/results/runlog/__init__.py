"""`run.jsonl`: everything that one run saw, one JSON object per line, written as it happens and read back unchanged.

A log is a `header`, an optional `calibration`, then any number of `result` and `probe` in any order, then a `footer`.
It contains the tables of the spec that it was judged by, so an old log stays readable without that spec. A log without
a footer is a run that was cut off: its records are kept, and the run counts as incomplete.
"""

from conformance.results.runlog.reader import read_record, read_run
from conformance.results.runlog.records import (
    FILE_LIMIT,
    FORMAT,
    LINE_LIMIT,
    CellEntry,
    DialectEntry,
    FeatureEntry,
    Footer,
    Header,
    MessagesEntry,
    Record,
    RuleEntry,
    Run,
    ScenarioEntry,
    SpecTables,
    TargetEntry,
)
from conformance.results.runlog.writer import RunWriter

__all__ = [
    "FILE_LIMIT",
    "FORMAT",
    "LINE_LIMIT",
    "CellEntry",
    "DialectEntry",
    "FeatureEntry",
    "Footer",
    "Header",
    "MessagesEntry",
    "Record",
    "RuleEntry",
    "Run",
    "RunWriter",
    "ScenarioEntry",
    "SpecTables",
    "TargetEntry",
    "read_record",
    "read_run",
]
