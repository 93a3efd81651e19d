"""Bringing a file of waivers up to date with a run, as text: what stays, stays byte for byte.

Stale and unmatched entries go, with the comment directly above them. A glob of which only a part still fails becomes
one entry for each that does, with the same reason. What fails and is not covered is added with `TODO` in every place
where only a person can know: the file is refused until somebody has written there. Expired entries stay, for the same
reason. What the run did not judge is left alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from conformance.errors import BadFile, Mistake
from conformance.results.status import RED
from conformance.results.verdict import judge
from conformance.results.verdict.model import State
from conformance.results.waivers.edit import edited
from conformance.results.waivers.file import UNWRITTEN, parse_entries
from conformance.results.waivers.model import Waiver, Waivers

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from conformance.files.formats import Format
    from conformance.results.runlog import Run
    from conformance.results.verdict import Judgement
    from conformance.results.verdict.model import JudgedWaiver

HEAD = """\
# Known failures: until it expires, none is a reason for exit 1. They are shown as WAIVED, never as OK.
waivers: []
"""
"""A new file."""


@dataclass(frozen=True, slots=True)
class Update:
    """The new text, and what is new: entries that were added, and entries that were dropped."""

    text: str
    added: tuple[Waiver, ...]
    dropped: tuple[JudgedWaiver, ...]


def update(run: Run, text: str, file: Path, form: Format, today: str) -> Update:
    """Bring the text of a file up to date with a run, on the day `today`; raises BadFile.

    `file` is named in what is raised, and not touched.
    """
    document, entries = parse_entries(text, file, form)
    judgement = _judge(run, entries, today)
    dropped = tuple(one for one in judgement.waivers if one.state in (State.STALE, State.UNMATCHED))
    staying = [entry for entry in entries if entry not in [one.entry for one in dropped]]
    narrowed = list(_narrowed(dropped, staying))
    added = tuple(_missing(_judge(run, [*staying, *narrowed], today), run))
    if not dropped and not added:
        return Update(text, (), ())
    gone = frozenset(index for index, entry in enumerate(entries) if entry not in staying)
    new = edited(text, document, gone, [*narrowed, *added])
    if not _says(new, [*staying, *narrowed, *added], file, form):
        message = "this is laid out in a way that cannot be rewritten; put each entry on lines of its own"
        raise BadFile(Mistake(file, 0, message))
    return Update(new, added, dropped)


def _says(text: str, wanted: Sequence[Waiver], file: Path, form: Format) -> bool:
    """Tell whether a text says what it should: its lines were cut without understanding all of YAML."""
    try:
        _, found = parse_entries(text, file, form)
    except BadFile:
        return False
    return [replace(entry, line=0) for entry in found] == [replace(entry, line=0) for entry in wanted]


def _judge(run: Run, entries: Sequence[Waiver], today: str) -> Judgement:
    # An expired entry stays where it is, and what it speaks of is not added a second time.
    lasting = tuple(replace(entry, expires=max(entry.expires, today)) for entry in entries)
    judged = judge(replace(run, header=replace(run.header, waivers=Waivers("", today, lasting))))
    own = tuple(replace(one, entry=entry) for one, entry in zip(judged.waivers, entries, strict=True))
    return replace(judged, waivers=own)


def _narrowed(dropped: Sequence[JudgedWaiver], staying: Sequence[Waiver]) -> Iterator[Waiver]:
    """Give an entry for each scenario of a glob that still fails."""
    known = {entry.scenario for entry in staying if not entry.rule}
    for one in dropped:
        for name in one.covered if not one.entry.rule else ():
            if name not in known:
                known.add(name)
                yield replace(one.entry, scenario=name)


def _missing(judgement: Judgement, run: Run) -> Iterator[Waiver]:
    """Give an entry for everything that fails of a must rule and is not covered."""
    musts = {rule.id for rule in run.header.spec.rules if rule.level == "must"}
    for scenario in judgement.scenarios:
        if scenario.status in RED and musts.intersection(scenario.entry.rules):
            yield _unwritten(scenario.entry.id, "")
    for name in dict.fromkeys(rule.entry.id for feature in judgement.features for rule in feature.rules if rule.must):
        if any(not charge.waived for rule in judgement.of_rule(name) for charge in rule.charges):
            yield _unwritten("*", name)


def _unwritten(scenario: str, rule: str) -> Waiver:
    return Waiver(scenario, UNWRITTEN, UNWRITTEN, UNWRITTEN, UNWRITTEN, rule=rule)
