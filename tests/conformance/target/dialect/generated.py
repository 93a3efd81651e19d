"""Strategies: dialects of all kinds, and frames of every type, known fields and unknown ones."""

from __future__ import annotations

import string
import uuid
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from conformance.spec import Spec
    from conformance.spec.shapes import Shape

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2)
)
NAMES = st.text(string.ascii_letters + "._é⟨\"'", min_size=1, max_size=6)


def renames(words: list[str]) -> SearchStrategy[dict[str, str]]:
    """Some of these words, each with a new name, or in one another's place."""
    new = st.dictionaries(st.sampled_from(words), NAMES.map(lambda name: f"wire {name}"), max_size=8).filter(
        lambda given: len(set(given.values())) == len(given)
    )
    some = st.lists(st.sampled_from(words), unique=True, max_size=8)
    swapped = some.flatmap(lambda of: st.permutations(of).map(lambda shuffled: dict(zip(of, shuffled, strict=True))))
    return new | swapped


def _full(section: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in section.items() if value}


@st.composite
def sections(draw: st.DrawFn, spec: Spec) -> dict[str, Any]:
    """A `dialect:` section without a mistake."""
    kinds = sorted({*spec.incoming, *spec.outgoing})
    fields = sorted({name for way in (spec.incoming, spec.outgoing) for one in way.values() for name in one.fields})
    fields.remove(spec.protocol.discriminator)
    action, code = (
        spec.outgoing[kind].shape.fields[name].values
        for kind, name in (("ActionConfirmed", "action"), ("Error", "code"))
    )
    forms = st.sampled_from(["uuid", "integer", "opaque"])
    envelope = (
        st.none() | NAMES | st.fixed_dictionaries({"member": NAMES.map("in {}".format), "extra": st.just({"v": 1})})
    )
    codes = st.lists(st.integers(1, 999), min_size=len(code), max_size=len(code), unique=True)
    section: dict[str, Any] = {
        "discriminator": draw(st.none() | NAMES.map("the {}".format)),
        "envelope": draw(envelope),
        "types": draw(renames(kinds)),
        "fields": draw(renames(fields)),
        "values": _full({"action": draw(renames(list(action))), "code": dict(zip(code, draw(codes), strict=True))}),
        "ids": draw(forms | st.fixed_dictionaries({"user": forms, "message": forms})),
        "objects": _full({"Attachment": draw(renames(["url", "size", "width"]))}),
        draw(st.sampled_from(["incoming", "outgoing"])): _full(
            {"envelope": draw(st.none() | NAMES.map("in {}".format))}
        ),
    }
    return _full(section)


def ids(form: str) -> SearchStrategy[str]:
    """Ids of one kind that a server could have given out, or the harness invented."""
    if form == "integer":
        return st.integers(0, 2**64 - 1).map(lambda number: str(uuid.UUID(int=number)))
    return st.uuids().map(str)


def frames(spec: Spec, way: str, kind: str, forms: dict[str, str]) -> SearchStrategy[dict[str, Any]]:
    """Frames of a type, right or wrong, whatever the schema says of them, but with ids where ids belong."""
    named = {name: ids(forms.get(of, "uuid")) for of, names in spec.protocol.ids.items() for name in names}

    def of(shape: Shape, name: str = "") -> SearchStrategy[Any]:
        if shape.items is not None:
            return st.none() | st.lists(of(shape.items, name), max_size=3)
        if shape.fields:
            return extended({key: of(inner, key) for key, inner in shape.fields.items()})
        if name in named:
            return st.none() | named[name]
        return st.sampled_from(shape.values) | SCALARS if shape.values else SCALARS

    def extended(known: dict[str, SearchStrategy[Any]]) -> SearchStrategy[dict[str, Any]]:
        some = st.fixed_dictionaries({}, optional=known)
        keys = (NAMES | st.text(max_size=3)).filter(lambda key: key not in known and key not in named)
        return st.builds(lambda one, more: {**more, **one}, some, st.dictionaries(keys, ANYTHING, max_size=2))

    top = {name: of(inner, name) for name, inner in getattr(spec, way)[kind].shape.fields.items()}
    forged = {name: named[name] for name in ("sender_id", "user_id") if name not in top}
    del top[spec.protocol.discriminator]
    told = {spec.protocol.discriminator: kind}
    return extended(top | forged).map(lambda frame: {**frame, **told})
