"""`extends`: what several environments have in common is in one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.errors import BadFile
from conformance.target import check_target, read_target
from conformance.target.extending import LONGEST

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conformance.spec import Spec

BASE = """\
name: base
provision: {driver: jwt}
auth: {jwt: {secret_env: CHAT_SECRET, ttl: 60}}
limits:
  content_max: 100
  history_max: 50
waivers: waivers.yaml
reply: 4
"""
STAGING = """\
extends: shared/base.yaml
name: staging
instances: [wss://staging.example/ws]
limits: {content_max: 200}
auth: {jwt: {secret_env: STAGING_SECRET}}
reply: null
"""
SECRET = "s" * 32


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    def write(name: str, text: str) -> Path:
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        return file

    return write


def test_merges_by_key_and_null_removes(spec: Spec, write: Callable[[str, str], Path]) -> None:
    base, file = write("shared/base.yaml", BASE), write("staging.yaml", STAGING)
    target = read_target(file, spec, secret=SECRET)
    assert (target.name, target.instances) == ("staging", ("wss://staging.example/ws",))
    assert (target.look_up("limits.content_max"), target.look_up("limits.history_max")) == (200, 50)
    assert target.auth.signing is not None
    assert target.auth.signing.ttl == 60
    assert target.reply == 2.0
    assert target.waivers == base.parent / "waivers.yaml", "a path belongs to the file that names it"


def test_a_mistake_names_the_file_that_holds_it(spec: Spec, write: Callable[[str, str], Path]) -> None:
    base = write("shared/base.yaml", BASE.replace("history_max: 50", "history_max: no"))
    file = write("staging.yaml", STAGING.replace("content_max: 200", "content_max: -1"))
    with pytest.raises(BadFile) as error:
        check_target(file, spec)
    found = str(error.value)
    assert f"{base}:6: " in found
    assert f"{file}:4: " in found


def test_a_missing_variable_of_the_base_names_the_base(spec: Spec, write: Callable[[str, str], Path]) -> None:
    base = write("shared/base.yaml", BASE + "headers: {X-Key: '${env.NOBODY_HAS_THIS}'}\n")
    with pytest.raises(BadFile, match="NOBODY_HAS_THIS is not set") as error:
        read_target(write("staging.yaml", STAGING), spec, secret=SECRET)
    assert str(error.value).startswith(f"{base}:9: ")


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("nowhere.yaml", "staging.yaml:1: `extends`: there is no file"),
        ("x" * 300, "staging.yaml:1: `extends`: there is no file 'xxx"),
        ('"\\0"', "staging.yaml:1: `extends`: there is no file '\\x00'"),
        ("staging.yaml", "staging.yaml:1: `extends`: staging.yaml extends this file, so there is no end"),
        ("./shared/../staging.yaml", "so there is no end"),
        ("circle.yaml", "circle.yaml:1: `extends`: staging.yaml extends this file, so there is no end"),
        ("list.yaml", "staging.yaml:1: `extends`: list.yaml is not a mapping"),
        ("[]", "staging.yaml:1: `extends` takes the name of a file"),
        ("chain0.yaml", f"more than {LONGEST} files extend each other"),
    ],
)
def test_a_base_that_leads_nowhere_is_refused(
    spec: Spec, write: Callable[[str, str], Path], named: str, said: str
) -> None:
    write("shared/base.yaml", BASE)
    write("circle.yaml", "extends: staging.yaml\n")
    write("list.yaml", "- 1\n")
    for number in range(LONGEST + 2):
        write(f"chain{number}.yaml", f"extends: chain{number + 1}.yaml\n")
    file = write("staging.yaml", STAGING.replace("shared/base.yaml", named))
    with pytest.raises(BadFile) as error:
        check_target(file, spec)
    assert said in str(error.value)
