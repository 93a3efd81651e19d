"""The frozen form of the whole `spec/` folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.files.formats import Formats
    from conformance.scenario.model import Cell, Probe, Scenario
    from conformance.spec.invariants import Invariant
    from conformance.spec.messages import Message
    from conformance.spec.protocol import Protocol


@dataclass(frozen=True, slots=True)
class Feature:
    """One of the features; `incoming` and `outgoing` are the message types that belong to it.

    `builds_on` names the features without which nothing of it can be seen.
    """

    number: int
    id: str
    title: str
    incoming: tuple[str, ...]
    outgoing: tuple[str, ...]
    line: int
    builds_on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what a server must (or should) do, in a sentence; it may belong to several features.

    `needs` names the other features that the sentence is about: it cannot be judged without them.
    """

    id: str
    level: str
    sentence: str
    provenance: str
    source: str
    features: tuple[str, ...]
    file: Path
    line: int
    needs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Spec:
    """The whole content of `spec/`.

    `digest` is `sha256:` over all its files, so that a report names exactly what it measured. `wire` covers the files
    that every frame is checked against (message schemas and `protocol.yaml`). Scenarios are in the order
    of their ids. `tables` has, for each file of `tables/`, the cells that scenarios are made from. `definitions` has
    the schemas that several messages share, by the last word of their `$ref`. `invariants` are those of all traffic.
    """

    folder: Path
    digest: str
    wire: str
    protocol: Protocol
    formats: Formats
    features: Mapping[str, Feature]
    rules: Mapping[str, Rule]
    incoming: Mapping[str, Message]
    outgoing: Mapping[str, Message]
    definitions: Mapping[str, Mapping[str, Any]]
    scenarios: Mapping[str, Scenario]
    probes: Mapping[str, Probe]
    tables: Mapping[Path, Sequence[Cell]]
    invariants: tuple[Invariant, ...]

    def place(self, file: Path) -> str:
        """Name a file of the spec as people do, wherever the folder lies: `spec/rules/04-edit-message.yaml`.

        A file that is not of the spec keeps its path.
        """
        if not file.is_relative_to(self.folder):
            return file.as_posix()
        return (PurePosixPath("spec") / file.relative_to(self.folder).as_posix()).as_posix()

    def read_place(self, place: str) -> str:
        """Give the text of a file by the name that `place` gives; raises OSError or ValueError."""
        if not PurePosixPath(place).is_relative_to("spec"):
            return Path(place).read_text(encoding="utf-8")
        return (self.folder / PurePosixPath(place).relative_to("spec")).read_text(encoding="utf-8")
