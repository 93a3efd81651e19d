"""The grammar: turns a scenario or probe file into the frozen types of `scenario.model` and `scenario.steps`.

`spec/formats/scenario.schema.json` says which keys a file may have, and an editor reads it too; this module adds only
what a schema cannot say.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from conformance.errors import BadFile, Mistake
from conformance.files.documents import Document, Steps, read_yaml
from conformance.scenario import model as m
from conformance.scenario.cases import expand
from conformance.scenario.parse_steps import StepParser
from conformance.scenario.revision import revision
from conformance.scenario.template import references
from conformance.scenario.walk import actors, conversations, walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from conformance.files.formats import Format
    from conformance.scenario.cases import Case
    from conformance.scenario.roles import Roles


LIMITS = "limits"
"""The group of the profile whose values a target may declare as `none`."""


def read_scenarios(file: Path, form: Format, roles: Roles) -> list[m.Scenario]:
    """Read a scenario file: one Scenario, or one per case; raises BadFile."""
    return [scenario for scenario, _ in _read(file, form, roles)]


def read_probes(file: Path, form: Format, roles: Roles) -> list[m.Probe]:
    """Read a probe file: one Probe, or one per case; raises BadFile."""
    return [_probe(scenario, document.value) for scenario, document in _read(file, form, roles)]


def _probe(scenario: m.Scenario, value: Mapping[str, Any]) -> m.Probe:
    control = scenario.setup[len(value.get("setup", [])) :]
    return m.Probe(scenario, value["why"], control, value.get("no_control", ""))


def _read(file: Path, form: Format, roles: Roles) -> Iterator[tuple[m.Scenario, Document]]:
    document = read_yaml(file)
    form.check(document)
    for case in expand(document):
        try:
            if case.name is not None:
                form.check(case.document)
            scenario = _Parser(case.document, roles).scenario(case)
        except BadFile as error:
            mistakes = (one if case.name is None else _in_case(one, case.name) for one in error.mistakes)
            raise BadFile(*mistakes) from None
        yield scenario, case.document


def _in_case(mistake: Mistake, case: str) -> Mistake:
    return replace(mistake, message=f"in the case {case!r}: {mistake.message}")


class _Parser:
    """Reads one document that already fits its schema."""

    def __init__(self, document: Document, roles: Roles) -> None:
        self._document = document
        self._roles = roles

    def scenario(self, case: Case) -> m.Scenario:
        value = self._document.value
        named = references(value)
        self._refuse_cases(named)
        given = self._given(value["given"])
        parser = StepParser(self._document, self._roles)
        scenario = m.Scenario(
            id=value["id"] if case.name is None else f"{value['id']}[{case.name}]",
            title=value["title"],
            feature=value.get("feature", ""),
            rules=tuple(value.get("rules", ())),
            file=self._document.file,
            line=self._document.line(("id",)),
            given=given,
            setup=tuple(step for key in ("setup", "control") for step in parser.steps(value.get(key, []), (key,))),
            steps=parser.steps(value["steps"], ("steps",)),
            tags=frozenset(value.get("tags", ())),
            needs=value.get("needs", {}) | ({"local": True} if given.honeypots else {}),
            exclusive=value.get("exclusive", False),
            allow=tuple(
                m.Allowed(one["frame"], _names(one.get("at", ())), one.get("with", {}))
                for one in value.get("allow", ())
            ),
            cell=case.cell,
            revision=revision(value),
            limits=frozenset(name for name in named if name.partition(".")[0] == LIMITS),
        )
        self._check_names(scenario)
        return scenario

    def _refuse_cases(self, named: set[str]) -> None:
        """Refuse what still stands for the value of a case: there are no cases, or a value names another one."""
        for name in sorted(named):
            if name.partition(".")[0] == "case":
                where = next(key for key, part in self._document.value.items() if name in references(part))
                raise self._mistake(f"`cases` gives no value for ${{{name}}}", (where,))

    def _given(self, value: Mapping[str, Any]) -> m.Given:
        users = _mapping(value.get("users", []))
        devices = _mapping(value.get("devices", []))
        conversations = {}
        for name, one in value.get("conversations", {}).items():
            members = one.get("members", {})
            if isinstance(members, list):
                members = dict.fromkeys(members, self._roles.default_role)
            conversations[name] = m.Conversation(
                members=members,
                visibility=one.get("visibility", self._roles.visibilities[0]),
                join=tuple(one["join"]) if "join" in one else None,
                bystanders=one.get("bystanders", True),
            )
            for user, role in members.items():
                where: Steps = ("given", "conversations", name, "members")
                if user not in users:
                    raise self._mistake(f"{user} is not among the users", where)
                if role not in self._roles.roles and role != self._roles.no_member:
                    raise self._mistake(f"there is no role {role!r}; there are {', '.join(self._roles.roles)}", where)
        return m.Given(
            users={
                name: m.User((one or {}).get("connect", True), (one or {}).get("instance"))
                for name, one in users.items()
            },
            devices={name: (one or {}).get("instance") for name, one in devices.items()},
            conversations=conversations,
            unknown=tuple(value.get("unknown", ())),
            honeypots=tuple(value.get("honeypots", ())),
        )

    def _check_names(self, scenario: m.Scenario) -> None:
        given = scenario.given
        taken = [*given.users, *given.conversations, *given.unknown, *given.honeypots]
        for name in taken:
            if taken.count(name) > 1:
                raise self._mistake(f"the name {name} is used for two things", ("given",))
        for device in given.devices:
            if device.partition("@")[0] not in given.users or "@" not in device:
                raise self._mistake(f"the device {device} belongs to no user; write user@device", ("given", "devices"))
        known = set(given.users)
        for step in walk((*scenario.setup, *scenario.steps)):
            for actor in actors(step):
                if actor.partition("@")[0] not in known:
                    raise BadFile(Mistake(scenario.file, step.line, f"{actor} belongs to no user of `given`"))
            for named in conversations(step):
                if named not in given.conversations:
                    raise BadFile(Mistake(scenario.file, step.line, f"there is no conversation {named} in `given`"))

    def _mistake(self, message: str, path: Steps) -> BadFile:
        return BadFile(self._document.mistake(message, path))


def _names(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _mapping(value: Any) -> dict[str, Any]:
    return dict.fromkeys(value) if isinstance(value, list) else value
