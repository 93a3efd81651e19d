"""Checks that a page is what its request asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.engine.invariants.check import Check, items, text
from conformance.engine.invariants.values import Finding

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.engine.invariants.check import Moment, Setting
    from conformance.engine.invariants.replies import Request
    from conformance.spec.invariants import Invariant


WILD = frozenset("%_\\")
"""Characters of a query that a server may read as placeholders."""


class Page(Check):
    """A page has messages of its conversation, each once, no more than asked for, and says correctly if more follow."""

    def __init__(self, invariant: Invariant, setting: Setting) -> None:
        super().__init__(invariant, setting)
        self.types = frozenset({self.facts["reply"]})

    def received(self, moment: Moment) -> Iterator[Finding]:
        """Judge a page by itself, and by its request if that is known."""
        frame = moment.frame or {}
        found = items(frame, self.facts["list"])
        yield from self._once(found, moment)
        yield from self._more(frame, moment)
        yield from self._own(frame, frame, found, "the reply", moment)
        request = moment.answer.request if moment.answer is not None else None
        if request is not None and request.type == self.facts["request"] and request.sound:
            yield from self._own(request.fields, frame, found, "the request", moment)
            yield from self._limit(request, found, moment)
            yield from self._total(request, frame, found, moment)
            yield from self._query(request, found, moment)

    def _once(self, found: list[Mapping[str, Any]], moment: Moment) -> Iterator[Finding]:
        names = [text(one.get(self.facts["message"])) for one in found]
        self.judged(self.facts["once"])
        twice = next((one for index, one in enumerate(names) if one is not None and one in names[:index]), None)
        if twice is not None:
            yield Finding(self.facts["once"], f"{moment.type} has the message {twice} twice")

    def _own(
        self,
        asked: Mapping[str, Any],
        frame: Mapping[str, Any],
        found: list[Mapping[str, Any]],
        of: str,
        moment: Moment,
    ) -> Iterator[Finding]:
        by = self.facts["by"]
        wanted = text(asked.get(by))
        if wanted is None:
            return
        self.judged(self.rule)
        shown = {text(one.get(by)) for one in (frame, *found)} - {None}
        if any(one != wanted.lower() for one in shown if one is not None):
            yield Finding(self.rule, f"{moment.type} has another {by} than that of {of}")

    def _more(self, frame: Mapping[str, Any], moment: Moment) -> Iterator[Finding]:
        more = self.facts.get("more")
        if more is None or not isinstance(frame.get(more["flag"]), bool):
            return
        self.judged(more["rule"])
        if frame[more["flag"]] != (frame.get(more["next"]) is not None):
            has = "no" if frame[more["flag"]] else "a"
            said = f"{moment.type} says {more['flag']} {str(frame[more['flag']]).lower()}, and has {has} {more['next']}"
            yield Finding(more["rule"], said)

    def _limit(self, request: Request, found: list[Mapping[str, Any]], moment: Moment) -> Iterator[Finding]:
        limit = self.facts["limit"]
        asked = _whole(request.fields.get(limit["field"]))
        absent = request.fields.get(limit["field"]) is None
        if asked is not None and asked >= 1:
            self.judged(limit["asked"])
            if len(found) > asked:
                said = f"{moment.type} has {len(found)} messages, and the request asks for at most {asked}"
                yield Finding(limit["asked"], said)
        most = self._profile(limit["default"] if absent else limit["most"])
        if most is not None:
            self.judged(limit["rule"])
            if len(found) > most:
                said = f"{moment.type} has {len(found)} messages, and the profile allows {most}"
                yield Finding(limit["rule"], said)

    def _total(
        self, request: Request, frame: Mapping[str, Any], found: list[Mapping[str, Any]], moment: Moment
    ) -> Iterator[Finding]:
        total = self.facts.get("total")
        if total is None:
            return
        asked = request.fields.get(total["offset"])
        offset, have = _whole(0 if asked is None else asked), _whole(frame.get(total["field"]))
        if offset is None or offset < 0 or have is None or not found:
            return
        self.judged(total["rule"])
        if have < offset + len(found):
            said = f"{moment.type} has a {total['field']} of {have}, and {len(found)} messages after the first {offset}"
            yield Finding(total["rule"], said)

    def _query(self, request: Request, found: list[Mapping[str, Any]], moment: Moment) -> Iterator[Finding]:
        query = self.facts.get("query")
        asked = request.fields.get(query["field"]) if query is not None else None
        if query is None or not isinstance(asked, str) or not asked.isascii() or WILD.intersection(asked):
            return  # No must rule says how a server compares non-ASCII letters or reads placeholders.
        wanted = asked.strip().casefold()
        for one in found:
            content = one.get(query["within"])
            if not isinstance(content, str) or not content.isascii():
                continue
            self.judged(query["rule"])
            if wanted not in content.casefold():
                name = text(one.get(self.facts["message"]))
                yield Finding(query["rule"], f"{moment.type} has the message {name}, which does not contain the query")
                return

    def _profile(self, path: str) -> int | None:
        if self.setting.profile is None:
            return None
        group, _, name = path.partition(".")
        found = self.setting.profile.get(group, {}).get(name)
        return found if isinstance(found, int) else None


def _whole(value: object) -> int | None:
    """Give a whole number, also from a float such as 5.0; else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) else None
