"""`${env.NAME}` in any value of a target file: filled in, kept secret, and named where it is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.errors import BadFile
from conformance.target import check_target, read_target
from conformance.target.secrets import REDACTED

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conformance.spec import Spec

FILE = """\
name: toy
instances:
  - ${env.CHAT_URL}
headers:
  X-Api-Key: ${env.CHAT_KEY}
  Cookie: "session=${env.CHAT_SESSION}; stage=${env.CHAT_STAGE}"
provision:
  driver: http
  api: ${env.CHAT_API}/v1
  account:
    - request: POST /users/${name}
      headers: {X-Key: "${env.CHAT_KEY}"}
auth: {query_param: token}
"""
KEY = "correct-horse-battery"
VALUES = {
    "CHAT_URL": "wss://chat.example/ws?api_key=short1",
    "CHAT_KEY": KEY,
    "CHAT_SESSION": "abcdef123",
    "CHAT_STAGE": "two",
    "CHAT_API": "https://api.example",
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "toy.yaml"
    file.write_text(FILE)
    return file


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name, value in VALUES.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.usefixtures("environment")
def test_fills_in_every_value(spec: Spec, file: Path) -> None:
    target = read_target(file, spec)
    assert target.instances == ("wss://chat.example/ws?api_key=short1",)
    assert target.access.headers == {"X-Api-Key": KEY, "Cookie": "session=abcdef123; stage=two"}
    assert target.provision.addresses == ("https://api.example/v1",)


@pytest.mark.usefixtures("environment")
def test_what_comes_from_the_environment_is_a_secret_and_an_address_is_not(spec: Spec, file: Path) -> None:
    secrets = read_target(file, spec).secrets
    assert secrets.redact(f"key {KEY}, session abcdef123") == f"key {REDACTED}, session {REDACTED}"
    assert secrets.redact("wss://chat.example/ws?api_key=short1") == f"wss://chat.example/ws?{REDACTED}"


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("read", [read_target, check_target])
def test_a_mistake_does_not_show_it(spec: Spec, file: Path, read: Callable[[Path, Spec], object]) -> None:
    file.write_text(FILE + 'tls: {ca: "${env.CHAT_KEY}"}\n')
    with pytest.raises(BadFile) as error:
        read(file, spec)
    assert error.value.mistakes[0].message == f"`ca`: there is no file '{REDACTED}'"
    assert KEY not in str(error.value)


def test_each_missing_variable_is_named_with_its_line(spec: Spec, file: Path, environment: pytest.MonkeyPatch) -> None:
    environment.delenv("CHAT_SESSION")
    environment.setenv("CHAT_URL", "")
    with pytest.raises(BadFile) as error:
        read_target(file, spec)
    assert str(error.value).splitlines() == [
        f"{file}:3: the environment variable CHAT_URL is empty",
        f"{file}:6: the environment variable CHAT_SESSION is not set",
    ]


def test_a_file_is_checked_without_its_variables(spec: Spec, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VALUES:
        monkeypatch.delenv(name, raising=False)
    check_target(file, spec)


def test_a_name_that_no_variable_can_have_is_a_mistake(spec: Spec, file: Path) -> None:
    file.write_text(FILE.replace("${env.CHAT_KEY}", "${env.CHAT-KEY}", 1))
    with pytest.raises(BadFile, match=r":5: \$\{env.CHAT-KEY\} names no environment variable"):
        check_target(file, spec)


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("X-Api-Key: ${env.CHAT_KEY}", 5),
        ("- ${env.CHAT_URL}", 3),
        ("api: ${env.CHAT_API}/v1", 9),
        ("request: POST /users/${name}", 11),
    ],
)
def test_a_name_without_its_end_is_not_sent_as_it_is_written(spec: Spec, file: Path, written: str, line: int) -> None:
    assert written in FILE
    file.write_text(FILE.replace(written, written.replace("}", "")))
    with pytest.raises(BadFile, match=rf":{line}: \$\{{[\w.]+ has no }} at its end"):
        check_target(file, spec)


@pytest.mark.parametrize(("written", "found"), [("100000", 100_000), ("2.5", 2.5), ("unlimited", None)])
def test_a_number_is_one_and_no_secret(
    spec: Spec, file: Path, environment: pytest.MonkeyPatch, written: str, found: float | None
) -> None:
    file.write_text(FILE + "throttle: {requests_per_second: '${env.RATE}'}\nkeepalive: ${env.PINGS}\n")
    environment.setenv("PINGS", "false")
    environment.setenv("RATE", written)
    target = read_target(file, spec)
    assert target.limits.requests_per_second == found
    assert target.keepalive is False
    assert written in target.secrets.redact(f"at {written} per second")


def test_a_number_that_is_not_known_is_not_checked(spec: Spec, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RATE", raising=False)
    file.write_text(FILE + "throttle: {requests_per_second: '${env.RATE}'}\nreply: ${env.RATE}\n")
    check_target(file, spec)
    file.write_text(FILE + "reply: ${env.RATE}\n")
    monkeypatch.setenv("RATE", "fast")
    with pytest.raises(BadFile, match='`reply`: "fast" should be a number'):
        check_target(file, spec)


def test_the_name_of_a_target_is_shown(spec: Spec, file: Path, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("STAGE", "staging")
    file.write_text(FILE.replace("name: toy", "name: chat-${env.STAGE}"))
    target = read_target(file, spec)
    assert target.secrets.redact(target.name) == "chat-staging"


def test_a_value_is_not_read_again(spec: Spec, file: Path, environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CHAT_SESSION", "${env.CHAT_URL}")
    assert read_target(file, spec).access.headers["Cookie"] == "session=${env.CHAT_URL}; stage=two"
    environment.setenv("CHAT_KEY", "${name}-secret-word")
    with pytest.raises(BadFile, match=r":12: the value of CHAT_KEY contains \$\{") as error:
        read_target(file, spec)
    assert "secret-word" not in str(error.value)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("${CHAT_KEY}", "${CHAT_KEY} means nothing here; write ${env.CHAT_KEY}"),
        ("Bearer ${secret.key}", "${secret.key} means nothing here"),
    ],
)
def test_another_name_in_braces_is_not_sent_as_it_is_written(
    spec: Spec, file: Path, environment: pytest.MonkeyPatch, written: str, said: str
) -> None:
    assert environment
    file.write_text(FILE.replace("X-Api-Key: ${env.CHAT_KEY}", f'X-Api-Key: "{written}"'))
    with pytest.raises(BadFile) as error:
        read_target(file, spec)
    assert str(error.value) == f"{file}:5: {said}"
