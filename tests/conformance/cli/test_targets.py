from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.cli.targets import open_target, split
from conformance.errors import BadFile, ChatParityError, UsageError
from conformance.spec import Spec, find, load

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECRET = "a secret of more than thirty-two bytes"
TARGET = """\
name: staging
instances: [ws://chat-1.example/ws, ws://chat-2.example/ws]
auth: {jwt: {secret_env: STAGING_SECRET}}
provision: {driver: nothing}
"""


@pytest.fixture(scope="module")
def spec() -> Spec:
    return load(find())


@pytest.mark.parametrize("place", ["http://localhost/ws", "ftp://x", "://"])
async def test_a_url_of_another_kind_is_refused(spec: Spec, place: str) -> None:
    with pytest.raises(UsageError) as raised:
        async with open_target(place, spec):
            pass
    assert str(raised.value).startswith(f"{place} is not a WebSocket address: it begins with ws:// or wss://")


async def test_a_file_that_is_missing_is_named(spec: Spec, tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"none\.yaml: there is no such file$"):
        async with open_target(str(tmp_path / "none.yaml"), spec):
            pass


async def test_a_url_stands_for_the_reference_target_at_that_address(
    spec: Spec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JWT_SECRET", SECRET)
    async with open_target("ws://localhost:1/ws?x=1", spec) as (target, restart):
        assert (target.name, target.instances) == ("localhost:1/ws", ("ws://localhost:1/ws?x=1",))
        assert target.file is None
        assert restart is None


async def test_a_file_that_is_wrong_is_refused_with_its_line(spec: Spec, tmp_path: Path) -> None:
    file = tmp_path / "target.yaml"
    file.write_text(TARGET.replace("instances", "instance"))
    with pytest.raises(BadFile) as raised:
        async with open_target(str(file), spec):
            pass
    assert f"{file}:2: there is no key 'instance' here; did you mean 'instances'?" in str(raised.value)


@pytest.mark.parametrize(("secret", "message"), [(None, "set the environment variable"), ("short", "is shorter than")])
async def test_a_secret_must_be_there_and_long(
    spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, secret: str | None, message: str
) -> None:
    text = (find() / "targets" / "reference.yaml").read_text(encoding="utf-8")
    variable = text.partition("secret_env:")[2].split()[0].strip("},")
    file = tmp_path / "target.yaml"
    file.write_text(text)
    monkeypatch.delenv(variable, raising=False)
    if secret:
        monkeypatch.setenv(variable, secret)
    with pytest.raises(ChatParityError, match=message) as raised:
        async with open_target(str(file), spec):
            pass
    assert raised.value.exit_code == 2
    assert "short" not in str(raised.value).replace("shorter", "")


class TestProtected:
    @pytest.fixture
    def write(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str], str]:
        def write(provision: str, more: str) -> str:
            file = tmp_path / "target.yaml"
            file.write_text(TARGET.replace("driver: nothing", provision) + more)
            return str(file)

        monkeypatch.setenv("STAGING_SECRET", SECRET)
        return write

    async def test_a_target_is_opened_only_with_yes(self, spec: Spec, write: Callable[[str, str], str]) -> None:
        file = write("driver: jwt", 'protected: ["chat-2.*"]\n')
        with pytest.raises(UsageError, match=r"^ws://chat-2.example/ws is protected .*; say --yes if that is meant$"):
            async with open_target(str(file), spec):
                pass
        async with open_target(file, spec, yes=True) as (target, _):
            assert target.protected == ("chat-2.*",)

    async def test_so_is_the_address_of_its_provisioning_api(
        self, spec: Spec, write: Callable[[str, str], str]
    ) -> None:
        file = write("driver: reference, api: https://prod.example/api", "")
        with pytest.raises(UsageError, match=r"^https://prod.example/api is protected"):
            async with open_target(file, spec):
                pass

    async def test_and_a_bare_url(self, spec: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("JWT_SECRET", SECRET)
        with pytest.raises(UsageError, match="its host has the word 'production'"):
            async with open_target("wss://production.example/ws", spec):
                pass


class TestSplit:
    @pytest.mark.parametrize(
        ("words", "found"),
        [
            ((), (None, ())),
            (("edit-message.*",), (None, ("edit-message.*",))),
            (("ws://x", "a", "b"), ("ws://x", ("a", "b"))),
            (("http://x",), ("http://x", ())),
            (("target.yaml",), ("target.yaml", ())),
            (("target.yml", "a"), ("target.yml", ("a",))),
            (("a", "target.yaml"), (None, ("a", "target.yaml"))),
        ],
    )
    def test_tells_the_target_from_the_ids(self, words: tuple[str, ...], found: object) -> None:
        assert split(words) == found

    def test_takes_any_file_for_a_target(self, tmp_path: Path) -> None:
        (tmp_path / "staging").write_text("")
        assert split((str(tmp_path / "staging"), "a")) == (str(tmp_path / "staging"), ("a",))
