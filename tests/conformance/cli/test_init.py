"""`chat-parity init`: what it writes passes lint, holds no secret, and is what a run can start from."""

from __future__ import annotations

import importlib
import re
import shutil
import signal
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from conformance.cli.init import init
from conformance.cli.main import main
from conformance.errors import UsageError
from conformance.init import DRIVERS
from conformance.target import check_target, read_target
from conformance.target.tokens import mint
from tests.conformance.run_contexts import SECRET, SIGNING
from tests.doubles.fan_out import ChatServer
from tests.doubles.hosting import hosted
from tests.doubles.reference import reference_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conformance.spec import Spec


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, whole_spec: Spec, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stand in an empty folder, and read the spec once."""
    before = signal.getsignal(signal.SIGTERM)
    monkeypatch.chdir(tmp_path)
    for verb in ("init", "run"):
        monkeypatch.setattr(importlib.import_module(f"conformance.cli.{verb}"), "load", lambda _: whole_spec)
    yield
    signal.signal(signal.SIGTERM, before)


def invoke(*words: str, typed: str | None = None, monkeypatch: pytest.MonkeyPatch | None = None) -> Result:
    if typed is not None:
        assert monkeypatch is not None
        monkeypatch.setattr("conformance.cli.init._somebody_types", lambda: True)
    return CliRunner().invoke(init, words, input=typed)


URL = ("--url", "wss://chat.example/ws")


@pytest.mark.parametrize("driver", DRIVERS)
class TestEachDriver:
    def test_gives_a_file_without_mistakes(self, tmp_path: Path, whole_spec: Spec, driver: str) -> None:
        result = invoke("staging.yaml", *URL, "--driver", driver)
        assert result.exit_code == 0, result.output
        check_target(tmp_path / "staging.yaml", whole_spec)

    def test_says_what_comes_next(self, driver: str) -> None:
        said = invoke("my staging.yaml", *URL, "--driver", driver).output
        assert "\nWrote my staging.yaml. Next:\n" in said
        assert "  chat-parity lint 'my staging.yaml'\n" in said
        assert said.endswith("  chat-parity run 'my staging.yaml'\n")
        assert ("export JWT_SECRET=…" in said) == DRIVERS[driver].makes_tokens
        assert "export " in said

    def test_gives_what_editors_look_for_in_the_project_of_the_spec(
        self, tmp_path: Path, driver: str, whole_spec: Spec, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "spec").mkdir()
        shutil.copytree(whole_spec.folder / "formats", tmp_path / "spec" / "formats")
        moved = replace(whole_spec, folder=tmp_path / "spec")
        monkeypatch.setattr(importlib.import_module("conformance.cli.init"), "load", lambda _: moved)
        (tmp_path / "targets").mkdir()
        invoke("targets/staging.yaml", *URL, "--driver", driver)
        first, *_ = (tmp_path / "targets" / "staging.yaml").read_text().splitlines()
        assert first == "# yaml-language-server: $schema=../spec/formats/target.schema.json"

    def test_gives_no_path_that_holds_on_one_machine_only(self, tmp_path: Path, whole_spec: Spec, driver: str) -> None:
        said = invoke("staging.yaml", *URL, "--driver", driver).output
        text = (tmp_path / "staging.yaml").read_text()
        assert text.startswith("# What chat-parity knows about a server.")
        assert str(whole_spec.folder) not in text
        assert f"give it the schema {whole_spec.folder}/formats/target.schema.json\n" in said


def test_takes_every_answer_by_flag(tmp_path: Path, whole_spec: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGING_SECRET", SECRET)
    flags = ["--name", "veza: staging #2", *URL, "--url", "wss://chat-2.example/ws", "--driver", "jwt"]
    flags += [
        "--secret-env",
        "STAGING_SECRET",
        "--query-param",
        "access",
        "--user-claim",
        "user_id",
        "--ids",
        "integer",
    ]
    assert invoke(*flags).exit_code == 0
    target = read_target(tmp_path / "target.yaml", whole_spec)
    assert target.name == "veza: staging #2"
    assert target.instances == ("wss://chat.example/ws", "wss://chat-2.example/ws")
    assert target.auth.query_param == "access"
    assert target.auth.signing is not None
    assert target.auth.signing.claims == {"user_id": "${user_id}", "username": "${name}"}
    assert SECRET not in (tmp_path / "target.yaml").read_text()


def test_asks_for_what_no_flag_says(tmp_path: Path, whole_spec: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINE", SECRET)
    typed = "https://chat.example/ws\nwss://chat.example/ws\npigeon\nreference\n$MINE\nMINE\n"
    result = invoke("asked.yaml", typed=typed, monkeypatch=monkeypatch)
    assert result.exit_code == 0, result.output
    assert "did you mean wss://chat.example/ws?" in result.output
    assert "there is no driver 'pigeon'; there are " in result.output
    assert "never the secret itself" in result.output
    target = read_target(tmp_path / "asked.yaml", whole_spec)
    assert (target.name, target.instances) == ("asked", ("wss://chat.example/ws",))


@pytest.mark.parametrize(("file", "name"), [("staging.yaml", "staging"), ("target.yaml", "chat.example")])
def test_names_the_server_after_its_file_or_its_host(tmp_path: Path, whole_spec: Spec, file: str, name: str) -> None:
    invoke(file, *URL, "--driver", "jwt")
    assert read_target(tmp_path / file, whole_spec, secret=SECRET).name == name


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "--url is missing, and there is nobody to ask"),
        (URL, "--driver is missing, and there is nobody to ask"),
        (("--url", "chat.example", "--driver", "jwt"), "did you mean wss://chat.example?"),
        ((*URL, "--driver", "jwt", "--secret-env", "hunter2-hunter2"), "never the secret itself"),
        ((*URL, "--driver", "jwt", "--name", "\x1b[2J"), "a name has up to 100 characters that can be seen"),
        ((*URL, "--driver", "reference", "--api", "chat.example"), "did you mean https://chat.example?"),
    ],
)
def test_a_wrong_answer_is_one_line_and_nothing_is_written(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    error = invoke(*words).exception
    assert isinstance(error, UsageError)
    assert said in str(error)
    assert "hunter2" not in str(error)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("example", ["rust-chat-server", "veza-backend-api"])
def test_copies_an_example(tmp_path: Path, whole_spec: Spec, example: str) -> None:
    result = invoke("copy.yaml", "--example", example)
    assert result.exit_code == 0, result.output
    assert "_SECRET=…\n" in result.output
    copied, original = (tmp_path / "copy.yaml").read_text(), whole_spec.folder / "targets" / f"{example}.yaml"
    assert copied.splitlines() == original.read_text().splitlines()[1:]
    check_target(tmp_path / "copy.yaml", whole_spec)


def test_says_which_examples_there_are() -> None:
    said = "there is no example 'rust'; there are reference, rust-chat-server, veza-backend-api"
    assert str(invoke("--example", "rust").exception) == said


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a reference server, and its database."""
    database = f"sqlite:///{tmp_path_factory.mktemp('served') / 'chat.db'}"
    with hosted(reference_server(database, SECRET)) as (url,):
        yield url, database


class TestARunWithIt:
    """Against the reference server, whose requests and tables are the examples in the file."""

    def run(self, *words: str) -> int:
        with pytest.raises(SystemExit) as ended:
            main(["run", "target.yaml", *words])
        return int(ended.value.code or 0)

    @pytest.mark.parametrize("driver", ["reference", "http", "sql"])
    def test_works_by_requests_and_statements(
        self, served: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, driver: str
    ) -> None:
        monkeypatch.setenv("JWT_SECRET", SECRET)
        monkeypatch.setenv("PARITY_DATABASE", served[1])
        assert invoke("--url", served[0], "--driver", driver).exit_code == 0
        file = tmp_path / "target.yaml"
        text = file.read_text().replace("now()", "strftime('%Y-%m-%d %H:%M:%f000', 'now')")
        file.write_text(re.sub(r"cast\((:\w+) as uuid\)", r"replace(\1, '-', '')", text))  # as SQLite keeps them
        assert self.run("permissions.refused[send-message.reader]") == 0

    def test_works_with_accounts_that_exist(
        self, served: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert invoke("--url", served[0], "--driver", "static").exit_code == 0
        text = (tmp_path / "target.yaml").read_text()
        for name, user, variable in re.findall(r"(\w+): {id: (\S+), token_env: (\w+)}", text):
            token = mint(SIGNING, user, name)
            assert token is not None
            monkeypatch.setenv(variable, token)
        assert self.run("websocket-connection.second-device-greeted") == 0

    def test_works_where_a_token_is_all(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("JWT_SECRET", SECRET)
        with hosted(ChatServer().serving()) as server:
            assert invoke("--url", server.url, "--driver", "jwt").exit_code == 0
            file = tmp_path / "target.yaml"
            file.write_text(file.read_text().replace("conversations: none", "conversations: any id"))
            assert self.run("ping-pong.one-pong-per-ping") == 0


def test_replaces_a_file_only_by_force(tmp_path: Path) -> None:
    file = tmp_path / "target.yaml"
    file.write_text("mine")
    words = (*URL, "--driver", "jwt")
    assert str(invoke(*words).exception) == "target.yaml is there already; --force replaces it"
    assert file.read_text() == "mine"
    assert invoke(*words, "--force").exit_code == 0
    assert "chat.example" in file.read_text()


def test_a_file_that_another_command_makes_meanwhile_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compose(*_: object) -> str:
        (tmp_path / "target.yaml").write_text("theirs")
        return "ours"

    monkeypatch.setattr("conformance.cli.init.compose", compose)
    assert str(invoke(*URL, "--driver", "jwt").exception) == "target.yaml is there already; --force replaces it"
    assert (tmp_path / "target.yaml").read_text() == "theirs"


def test_every_example_of_a_default_is_right_as_it_stands(tmp_path: Path, whole_spec: Spec) -> None:
    """Whoever takes the # away gets what was there before."""
    invoke(*URL, "--driver", "jwt")
    file = tmp_path / "target.yaml"
    before = read_target(file, whole_spec, secret=SECRET)
    file.write_text(file.read_text().replace("\n# ", "\n").replace("\n#   ", "\n  "))
    text = "\n".join(line for line in file.read_text().splitlines() if not line[:1].isupper())
    file.write_text(text)
    after = read_target(file, whole_spec, secret=SECRET)
    assert after.profile == before.profile
    assert after.limits == before.limits
    assert after.reply == before.reply
    assert after.protected == ("*.prod.example.com",)


def test_writes_no_key_of_an_address_into_the_file(tmp_path: Path) -> None:
    said = invoke("staging.yaml", "--url", "wss://chat.example/ws?api_key=abcdef123456&v=2", "--driver", "jwt").output
    text = (tmp_path / "staging.yaml").read_text()
    assert "wss://chat.example/ws?api_key=${env.API_KEY}&v=2" in text
    assert "abcdef123456" not in text + said
    assert "export API_KEY=…" in said


def test_says_which_spec_is_read_where_it_differs_from_the_installed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for folder, text in ((tmp_path / "spec", "mine"), (tmp_path / "installed", "theirs")):
        folder.mkdir()
        (folder / "protocol.yaml").write_text(text)
    monkeypatch.setattr("conformance.spec.folder.installed", lambda: tmp_path / "installed")
    result = invoke("staging.yaml", *URL, "--driver", "reference")
    assert "chat-parity: reads ./spec, which differs from the installed " in result.stderr
