"""Checks the facts of messages: that they do not change, and that edits and deletions stay visible."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.engine.invariants.bounded import Bounded
from conformance.engine.invariants.check import Check, items, text
from conformance.engine.invariants.values import Finding
from conformance.scenario.instants import instant

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.engine.invariants.check import Moment, Setting
    from conformance.spec.invariants import Invariant

MOST_MESSAGES = 20_000
"""The most messages whose facts are remembered."""


class Lasting(Check):
    """A message has the same facts in all frames."""

    def __init__(self, invariant: Invariant, setting: Setting) -> None:
        super().__init__(invariant, setting)
        self._pages = self.facts["pages"]
        self._frames = self.facts["frames"]
        self.types = frozenset({*self._pages, *self._frames})
        self._known: Bounded[str, tuple[dict[str, str | None], Any]] = Bounded(MOST_MESSAGES)

    def received(self, moment: Moment) -> Iterator[Finding]:
        """Compare each message of a frame with earlier frames."""
        frame = moment.frame or {}
        if moment.type in self._frames:
            yield from self._compare(frame, self._frames[moment.type], moment)
        else:
            page = self._pages[moment.type]
            for one in items(frame, page["list"]):
                yield from self._compare(one, page["rule"], moment)

    def _compare(self, message: Mapping[str, Any], rule: str, moment: Moment) -> Iterator[Finding]:
        name = text(message.get(self.facts["message"]))
        if name is None:
            return
        facts = {key: text(message.get(key)) for key in self.facts["same"]}
        when = instant(message.get(self.facts["instant"]))
        known = self._known.get(name)
        if known is None:
            self._known.set(name, (facts, when))
            return
        self.judged(rule)
        for key, value in facts.items():
            if value is not None and known[0][key] is not None and value != known[0][key]:
                yield Finding(rule, f"{moment.type} shows the message {name} with another {key} than before")
        if when is not None and known[1] is not None and when.apart(known[1]) >= 1:
            said = f"{moment.type} shows the message {name} with another {self.facts['instant']} than before"
            yield Finding(rule, said)


class Deleted(Check):
    """The content of a deleted message is not sent again.

    A page is judged by the deletions whose event arrived at any client before the page was requested.
    """

    def __init__(self, invariant: Invariant, setting: Setting) -> None:
        super().__init__(invariant, setting)
        self._pages = self.facts["pages"]
        self.types = frozenset({*self._pages, self.facts["frame"]})
        self._deleted: Bounded[str, int] = Bounded(MOST_MESSAGES)

    def received(self, moment: Moment) -> Iterator[Finding]:
        """Note a deletion, and judge the messages of a page."""
        frame = moment.frame or {}
        if moment.type == self.facts["frame"]:
            name = text(frame.get(self.facts["message"]))
            if name is not None and name not in self._deleted:
                self._deleted.set(name, moment.index)
            return
        page = self._pages[moment.type]
        for one in items(frame, page["list"]):
            yield from self._judge(one, page.get("gone"), moment)

    def _judge(self, message: Mapping[str, Any], gone: str | None, moment: Moment) -> Iterator[Finding]:
        name = text(message.get(self.facts["message"]))
        marked = message.get(self.facts["mark"]) is not None
        since = self._deleted.get(name) if name is not None else None
        request = moment.answer.request if moment.answer is not None else None
        late = since is not None and request is not None and since < request.index
        if late and gone is not None:
            self.judged(gone)
            yield Finding(gone, f"{moment.type} has the message {name}, which was deleted before the request")
        if late or marked:
            self.judged(self.rule)
            full = [key for key in self.facts["empty"] if message.get(key)]
            if full:
                said = f"{moment.type} has {' and '.join(full)} of the message {name}, which is deleted"
                yield Finding(self.rule, said)
            elif not marked and gone is None:
                said = f"{moment.type} has no {self.facts['mark']} in the message {name}, which was deleted"
                yield Finding(self.rule, said)


class Marked(Check):
    """After an event about a message, pages that are requested later have its mark in the message."""

    def __init__(self, invariant: Invariant, setting: Setting) -> None:
        super().__init__(invariant, setting)
        self._pages = self.facts["pages"]
        self.types = frozenset({*self._pages, self.facts["frame"]})
        self._since: Bounded[str, int] = Bounded(MOST_MESSAGES)

    def received(self, moment: Moment) -> Iterator[Finding]:
        """Note an event, and judge the messages of a page."""
        frame = moment.frame or {}
        if moment.type == self.facts["frame"]:
            name = text(frame.get(self.facts["message"]))
            if name is not None and name not in self._since:
                self._since.set(name, moment.index)
            return
        request = moment.answer.request if moment.answer is not None else None
        for one in items(frame, self._pages[moment.type]) if request is not None else ():
            since = self._since.get(text(one.get(self.facts["message"])) or "")
            if request is None or since is None or since > request.index or one.get(self.facts["unless"]) is not None:
                continue
            self.judged(self.rule)
            if one.get(self.facts["mark"]) is None:
                mark, event = self.facts["mark"], self.facts["frame"]
                said = f"{moment.type} has no {mark} in a message for which {event} came before"
                yield Finding(self.rule, said)


class Distinct(Check):
    """The entries of a list in a message are distinct, and so are the members of each entry."""

    def __init__(self, invariant: Invariant, setting: Setting) -> None:
        super().__init__(invariant, setting)
        self._pages = self.facts["pages"]
        self.types = frozenset(self._pages)

    def received(self, moment: Moment) -> Iterator[Finding]:
        """Judge each message of a page."""
        for one in items(moment.frame or {}, self._pages[moment.type]):
            entries = items(one, self.facts["entries"])
            if not entries:
                continue
            self.judged(self.rule)
            keys = [tuple(str(entry.get(name)) for name in self.facts["key"]) for entry in entries]
            if len(set(keys)) < len(keys):
                yield Finding(
                    self.rule, f"{moment.type} has a message with two {self.facts['entries']} that are the same"
                )
            for entry in entries:
                members = entry.get(self.facts["members"])
                names = [one for one in members if isinstance(one, str)] if isinstance(members, list) else []
                if len(set(names)) < len(names):
                    name = self.facts["members"]
                    said = f"{moment.type} has a message in which an entry has the same value twice in {name}"
                    yield Finding(self.rule, said)
                    break
