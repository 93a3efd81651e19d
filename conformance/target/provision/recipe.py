"""What the drivers `http` and `sql` have in common: lists of steps for each thing that a scenario may need.

    account, conversation, member, role, remove, clean_up: {account, conversation, run}

Each step is a template: it sees names (`user_id`, `name`, `conversation_id`, `role`, …) and may capture more of them.
If a file has no steps for a thing, only the scenarios that need it are UNTESTABLE.
"""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from conformance.errors import BadFile
from conformance.target.provision.jwt import expected_ids

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from conformance.files.documents import Document, Steps
    from conformance.target.accounts import ExpectedId

Step = Any
"""A step as the file has it; its driver knows how to perform it."""

ALWAYS = frozenset({"nonce"})
ACCOUNT = frozenset({"name", "password", "user_id"})
CONVERSATION = frozenset({"name", "conversation_id", "visibility"})
ADMIN = frozenset({"admin.name", "admin.user_id", "admin.token"})
BY = frozenset({"by.name", "by.user_id", "by.token"})
"""The user who asks for a change of a role: the admin, unless a scenario names somebody."""
OLD_ADMIN = "steward."
"""The prefix of these names in earlier versions; an error names the new one."""
SECTIONS: Mapping[str, frozenset[str]] = {
    "begin": frozenset(),
    "account": ACCOUNT,
    "conversation": CONVERSATION | ADMIN,
    "member": CONVERSATION | ACCOUNT | ADMIN | {"role", "token"},
    "role": ACCOUNT | ADMIN | BY | {"conversation_id", "role", "token"},
    "remove": ACCOUNT | ADMIN | BY | {"conversation_id", "token"},
}
"""Which names the steps of each section see, besides those of `ALWAYS` and the captured ones."""
CLEANING: Mapping[str, frozenset[str]] = {
    "account": ACCOUNT | ADMIN | {"token"},
    "conversation": CONVERSATION | ADMIN,
    "run": ADMIN,
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """The steps of each section, None where the file has none; `roles` and `visibilities` map our words to theirs.

    `ids` is the form of the ids that we create (steps may capture them instead). `admin` says whether a step refers to
    the admin: an account of our own, created once, that never connects. `expected_ids` has an example of each kind of
    id that no step captures. `acts_as_users` says whether changes of roles are asked for by the user of `by`. `needed`
    has, for each sort of thing to clean up, the names that only a successful creation captures. `places` says where
    each step is written.
    """

    sections: Mapping[str, tuple[Step, ...] | None]
    cleaning: Mapping[str, tuple[Step, ...]] = field(default_factory=dict)
    ids: str = "uuid"
    roles: Mapping[str, Any] | None = None
    visibilities: Mapping[str, Any] | None = None
    admin: bool = False
    acts_as_users: bool = False
    expected_ids: tuple[ExpectedId, ...] = ()
    needed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)

    def place_of(self, step: Step) -> str:
        """Give `file:line: ` of a step, the first one if it is written twice; empty if it is not of the file."""
        return self.places.get(repr(step), "")

    def steps(self, section: str) -> tuple[Step, ...] | None:
        """Give the steps of a section."""
        return self.sections.get(section)

    def every_step(self) -> Iterator[Step]:
        """Give the steps of all sections."""
        for steps in (*self.sections.values(), *self.cleaning.values()):
            yield from steps or ()


@dataclass(frozen=True, slots=True)
class Language:
    """How a driver's steps use names: which ones they refer to, and which ones they capture.

    `written` shows a name as a step writes it: `${name}` or `:name`.
    """

    references: Callable[[Step], set[str]]
    captures: Callable[[Step], set[str]]
    written: str


def read_recipe(document: Document, language: Language, more: frozenset[str] = frozenset()) -> Recipe:
    """Read the sections of `provision`, checking every name that a step refers to; `more` are names of this file.

    `headers`, where a driver has them, go with every step and are checked like one.
    """
    section = document.value["provision"]
    known = ALWAYS | more
    sections: dict[str, tuple[Step, ...] | None] = {}
    captured: frozenset[str] = frozenset()
    ever: set[str] = set()
    used: set[str] = set()
    captures: dict[str, frozenset[str]] = {}
    refers: dict[str, set[str]] = {}
    for name, sees in SECTIONS.items():
        steps = section.get(name)
        refers[name] = set().union(*map(language.references, steps or ()))
        sections[name] = None if steps is None else tuple(steps)
        found = _check(document, ("provision", name), steps or (), language, known | sees | captured, used)
        ever |= found
        captures[name] = found
        if name == "begin":
            everywhere = [section["headers"]] if "headers" in section else []
            _check(document, ("provision", "headers"), everywhere, language, known | ADMIN | found, used)
        if name in ("begin", "account", "conversation"):
            captured |= found
    cleaning = {}
    needed = {}
    for name, steps in section.get("clean_up", {}).items():
        cleaning[name] = tuple(steps)
        _check(document, ("provision", "clean_up", name), steps, language, known | CLEANING[name] | captured, used)
        needed[name] = captures.get(name, frozenset()) & set().union(*map(language.references, steps))
    factories = {"user": True, "conversation": sections["conversation"] is not None}
    made = [kind for kind, there in factories.items() if there and f"{kind}_id" not in ever]
    return Recipe(
        sections,
        cleaning,
        section.get("ids", "uuid"),
        section.get("roles"),
        section.get("visibilities"),
        admin=bool(used & (ADMIN | BY)),
        acts_as_users=all("by.token" in names for names in (refers["role"], refers["remove"])),
        expected_ids=expected_ids(section.get("ids", "uuid"), made),
        needed=needed,
        places=dict(_places(document, sections, cleaning)),
    )


def _places(
    document: Document, sections: Mapping[str, tuple[Step, ...] | None], cleaning: Mapping[str, tuple[Step, ...]]
) -> Iterator[tuple[str, str]]:
    """Give each step as its `repr`, and its file and line; the first of two equal ones is the last given."""
    written: dict[tuple[str, ...], Any] = {("clean_up", name): steps for name, steps in cleaning.items()}
    for section, steps in (written | {(name,): one for name, one in sections.items()}).items():
        for index, step in reversed(list(enumerate(steps or ()))):
            yield repr(step), str(document.mistake("", ("provision", *section, index)))


def _check(
    document: Document,
    place: Steps,
    steps: list[Step] | tuple[Step, ...],
    language: Language,
    known: frozenset[str],
    used: set[str],
) -> frozenset[str]:
    """Check that every name exists; gives the names that these steps capture."""
    captured: frozenset[str] = frozenset()
    for index, step in enumerate(steps):
        for name in sorted(language.references(step)):
            if name not in known | captured:
                new = name.replace(OLD_ADMIN, "admin.", 1)
                near = [new] if new in ADMIN & known else difflib.get_close_matches(name, known | captured, n=1)
                there = sorted(known | captured)
                meant = f"did you mean {language.written % near[0]}?" if near else f"there are {', '.join(there)}"
                wrong = f"there is no {language.written % name} here; {meant}"
                raise BadFile(document.mistake(wrong, (*place, index)))
            used.add(name)
        captured |= language.captures(step)
    return captured
