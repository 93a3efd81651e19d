"""Every example of every message survives every language: read into its types, and written again."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from tests.clients.tools import CLIENTS, TSC, Example, as_lines, examples, need, run, sides, without_nulls

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from conformance.spec import Spec
    from conformance.spec.messages import Message

pytestmark = [pytest.mark.clients, pytest.mark.timeout(900)]

TYPED = {"required", "type", "const", "enum"}
"""Keywords that a type of TypeScript can express."""


def lines(some: Sequence[Example], **more: Any) -> str:
    return as_lines([f"{one.union}\t{json.dumps({**one.frame, **more})}" for one in some])


def check(some: Sequence[Example], written: str) -> None:
    frames = [json.loads(line) for line in written.splitlines()]
    assert [one.message.violations(frame) for one, frame in zip(some, frames, strict=True)] == [[]] * len(some)
    # A field that may be null or absent means the same either way; these languages leave it out.
    assert list(map(without_nulls, frames)) == [without_nulls(one.frame) for one in some]


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need("go")
    program = tmp_path_factory.mktemp("go") / "roundtrip"
    run("go", "vet", "./...", folder=CLIENTS / "go")
    run("go", "build", "-o", program, "./roundtrip", folder=CLIENTS / "go")
    return program


@pytest.fixture(scope="module")
def rust(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need("cargo")
    target = tmp_path_factory.mktemp("rust")
    built = {"CARGO_TARGET_DIR": str(target), "RUSTFLAGS": "-D warnings"}
    run("cargo", "build", "--quiet", "--example", "round_trip", folder=CLIENTS / "rust", **built)
    return target / "debug" / "examples" / "round_trip"


@pytest.fixture(params=["go", "rust"])
def program(request: pytest.FixtureRequest) -> Path:
    found: Path = request.getfixturevalue(request.param)
    return found


def test_as_structs(spec: Spec, program: Path) -> None:
    some = examples(spec)
    assert len({one.name for one in some}) == 39
    check(some, run(program, text=lines(some)))


def test_as_structs_that_do_not_know_every_field(spec: Spec, program: Path) -> None:
    some = examples(spec)
    check(some, run(program, text=lines(some, a_field_of_tomorrow=[1])))


def test_not_as_an_unknown_type(program: Path) -> None:
    with pytest.raises(AssertionError, match="Tomorrow"):
        run(program, text='ServerFrame\t{"type": "Tomorrow"}\n')


def wrong_types(message: Message) -> list[dict[str, Any]]:
    """The invalid examples that are wrong in a way which a type can express."""
    found = []
    for one in message.schema["x-invalid-examples"]:
        if isinstance(one["value"], dict) and _is_wrong_type(message, one["value"]):
            found.append(one["value"])
    return found


def _is_wrong_type(message: Message, frame: dict[str, Any]) -> bool:
    errors = message._explaining.iter_errors(frame)
    return any(one.validator in TYPED and not isinstance(one.instance, int | float) for one in errors)


def test_as_literals_of_typescript_that_refuses_wrong_ones(spec: Spec, tmp_path: Path) -> None:
    need("node", str(TSC))
    some = examples(spec)
    wrong = [(name, frame) for _, name, message in sides(spec) for frame in wrong_types(message)]
    assert len(wrong) > 100
    program = [
        'import type * as messages from "./messages.js"',
        *(f"const e{i}: messages.{one.name} = {json.dumps(one.frame)}" for i, one in enumerate(some)),
        f"const all: messages.Frame[] = [{', '.join(f'e{i}' for i in range(len(some)))}]",
        "for (const one of all) console.log(JSON.stringify(one))",
        *(
            f"// @ts-expect-error\nexport const w{i}: messages.{name} = {json.dumps(frame)}"
            for i, (name, frame) in enumerate(wrong)
        ),
    ]
    (tmp_path / "examples.ts").write_text(as_lines(program), encoding="utf-8")
    (tmp_path / "package.json").write_text('{"type": "module"}')
    shutil.copy(CLIENTS / "typescript" / "messages.ts", tmp_path)
    base = str(CLIENTS / "typescript" / "tsconfig.json")
    options = {"outDir": "dist", "noUnusedLocals": False}
    configuration = {"extends": base, "compilerOptions": options, "include": ["*.ts"]}
    (tmp_path / "tsconfig.json").write_text(json.dumps(configuration))
    run("node", TSC, "--project", tmp_path)
    written = run("node", tmp_path / "dist" / "examples.js")
    assert [json.loads(line) for line in written.splitlines()] == [one.frame for one in some]
