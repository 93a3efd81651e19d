"""The sections `limits`, `timers` and `options`: where this target differs from the defaults of the spec."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from conformance.errors import BadFile

if TYPE_CHECKING:
    from conformance.files.documents import Document
    from conformance.spec import Spec


NONE = "none"
"""How a target file says that the server has no such limit."""


def read_profile(document: Document, spec: Spec) -> dict[str, dict[str, Any]]:
    """Give the whole profile: group → name → value, None for a limit that the target has not; raises BadFile."""
    profile = {}
    for group, defaults in spec.protocol.profile.items():
        given = document.value.get(group, {})
        for name, chosen in given.items():
            where = (group, name)
            if name not in defaults:
                meant = _meant(name, group, spec)
                raise BadFile(document.mistake(f"the profile has no {group}.{name:.100}; {meant}", where))
            words = spec.protocol.choices.get(name)
            if words is not None and chosen not in words:
                near = difflib.get_close_matches(str(chosen), words, n=1)
                meant = f"; did you mean {near[0]!r}?" if near else ""
                raise BadFile(document.mistake(f"{group}.{name} takes {' or '.join(words)}{meant}", where))
            if chosen == NONE and not isinstance(defaults[name], str):
                continue  # The schema allows the word for limits only.
            if isinstance(chosen, bool) != isinstance(defaults[name], bool):
                wanted = "true or false" if isinstance(defaults[name], bool) else f"a value like {defaults[name]!r}"
                raise BadFile(document.mistake(f"{group}.{name} takes {wanted}", where))
        profile[group] = {**defaults, **{name: None if one == NONE else one for name, one in given.items()}}
    return profile


def _meant(name: str, group: str, spec: Spec) -> str:
    profile = spec.protocol.profile
    for other in profile:
        if name in profile[other]:
            return f"did you mean {other}.{name}?"
    near = difflib.get_close_matches(name, profile[group], n=1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(profile[group])}"


def read_ambient(document: Document, spec: Spec) -> frozenset[str]:
    """Give the types that may come at any time; raises BadFile."""
    ambient = document.value.get("ambient")
    for index, kind in enumerate(ambient or ()):
        if kind not in spec.outgoing:
            near = difflib.get_close_matches(kind, spec.outgoing, n=1)
            meant = f"; did you mean {near[0]!r}?" if near else ""
            raise BadFile(
                document.mistake(f"there is no message type (outgoing) {kind!r:.100}{meant}", ("ambient", index))
            )
    return spec.protocol.ambient if ambient is None else frozenset(ambient)
