"""A target file becomes a Target, or one line that says what is wrong with it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import pytest
import yaml

from conformance.errors import BadFile, UsageError
from conformance.spec import find
from conformance.target import Auth, check_target, read_target
from conformance.target.throttle import CAREFUL, UNLIMITED
from tests.conformance.run_contexts import SECRET, SIGNING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conformance.spec import Spec
    from conformance.target import Target

MINIMAL = {
    "name": "toy",
    "instances": ["ws://127.0.0.1:1/ws"],
    "auth": {"jwt": {"secret_env": "TOY_SECRET"}},
    "provision": {"driver": "jwt"},
}


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(**changes: object) -> Path:
        file = tmp_path / "target.yaml"
        file.write_text(yaml.safe_dump({**MINIMAL, **changes}, sort_keys=False))
        return file

    return write


@pytest.fixture
def read(write: Callable[..., Path], spec: Spec) -> Callable[..., Target]:
    return lambda **changes: read_target(write(**changes), spec, secret=SECRET)


class TestReadTarget:
    def test_fills_in_the_defaults_of_the_spec(self, read: Callable[..., Target], spec: Spec) -> None:
        target = read()
        assert target.profile == spec.protocol.profile
        assert target.ambient == spec.protocol.ambient
        assert (target.auth, target.reply) == (Auth("token", SIGNING), 2.0)

    def test_takes_what_the_file_declares(self, read: Callable[..., Target]) -> None:
        target = read(limits={"content_max": 2000}, timers={"typing_expiry": 0.5}, options={"sender_echo": False})
        assert target.look_up("limits.content_max") == 2000
        assert target.look_up("timers.typing_expiry") == 0.5
        assert target.look_up("options.sender_echo") is False
        assert target.look_up("limits.history_max") == 100

    def test_takes_the_secret_from_the_environment(
        self, write: Callable[..., Path], spec: Spec, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TOY_SECRET", SECRET)
        assert read_target(write(), spec).keys == (SECRET,)

    def test_says_which_variable_is_missing(
        self, write: Callable[..., Path], spec: Spec, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.delenv("TOY_SECRET", raising=False)
        with pytest.raises(UsageError, match="set the environment variable TOY_SECRET"):
            read_target(write(), spec)

    def test_refuses_a_short_secret(
        self, write: Callable[..., Path], spec: Spec, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("TOY_SECRET", "short")
        with pytest.raises(UsageError, match="shorter than 32 bytes"):
            read_target(write(), spec)


@pytest.mark.parametrize(
    ("changes", "line", "message"),
    [
        ({"instances": []}, 2, "this should not be empty"),
        ({"instances": ["http://x/ws"]}, 3, "did you mean ws://x/ws?"),
        ({"limits": {"content_maximum": 1}}, 10, "the profile has no limits.content_maximum"),
        ({"limits": {"content_max": 0}}, 10, "0 should be at least 1"),
        ({"options": {"sender_echo": "yes"}}, 10, "options.sender_echo takes true or false"),
        ({"options": {"history_order": True}}, 10, "options.history_order takes newest_first or oldest_first"),
        ({"ambient": ["UserPresence"]}, 10, "there is no message type (outgoing) 'UserPresence'"),
        ({"throttle": {"requests_per_second": "none"}}, 10, "A number of at least 0.1, or the word unlimited."),
        ({"throttle": {"request_per_second": 1}}, 10, "did you mean 'requests_per_second'?"),
        ({"throttle": {"open_connections": 0}}, 10, "0 should be at least 1"),
        ({"protected": "chat.example"}, 9, "should be a list"),
        ({"provision": {"driver": "jwd"}}, 8, '"jwd" is not one of'),
        ({"provision": {"driver": "jwt", "idz": "uuid"}}, 9, "there is no key 'idz' here; did you mean 'ids'?"),
        ({"auth": {}}, 6, "the driver jwt makes tokens with the signing secret"),
        ({"replies": 3}, 9, "there is no key 'replies' here; did you mean 'reply'?"),
    ],
)
def test_a_mistake_is_named_with_its_line(
    write: Callable[..., Path], spec: Spec, changes: dict[str, object], line: int, message: str
) -> None:
    with pytest.raises(BadFile) as caught:
        check_target(write(**changes), spec)
    (mistake,) = caught.value.mistakes
    assert message in mistake.message
    assert mistake.line == line


@pytest.mark.parametrize(
    ("urls", "local"),
    [
        (["ws://127.0.0.1:1/ws"], True),
        (["ws://localhost/ws"], True),
        (["ws://[::1]:9/ws"], True),
        (["wss://chat.example/ws"], False),
        (["ws://127.0.0.1/ws", "ws://10.0.0.1/ws"], False),
    ],
)
def test_is_local_when_every_instance_is(read: Callable[..., Target], urls: list[str], local: bool) -> None:
    assert read(instances=urls).local is local


class TestThrottle:
    def test_is_by_default_that_of_the_place(self, read: Callable[..., Target]) -> None:
        assert read().limits == UNLIMITED
        assert read(instances=["wss://chat.example/ws"]).limits == CAREFUL

    def test_is_what_the_file_says(self, read: Callable[..., Target]) -> None:
        found = read(throttle={"run_requests": "unlimited", "requests_per_second": 0.5}, protected=[])
        assert (found.limits.requests_per_second, found.limits.run_requests) == (0.5, None)
        assert found.protected == ()

    def test_of_another_address_is_that_of_the_address(self, write: Callable[..., Path], spec: Spec) -> None:
        target = read_target(write(), spec, instances=("wss://chat.example/ws",), secret=SECRET)
        assert target.limits == CAREFUL

    def test_has_the_keys_and_the_defaults_that_the_format_tells(self, spec: Spec) -> None:
        schema = json.loads((spec.folder / "formats" / "target.schema.json").read_text())
        section = schema["properties"]["throttle"]["properties"]
        told = {name: section[name]["description"].rpartition("default: ")[2].rstrip(").") for name in section}
        assert told == {name: str(value) for name, value in asdict(CAREFUL).items()}


STATIC = {
    "driver": "static",
    "accounts": {"ann": {"id": 7}, "ben": {"id": "ben"}},
    "conversations": {"hall": {"id": "4b1f6c1e-8a55-4d0b-9a39-0c7d4f0e2a11", "members": {"ann": "member"}}},
}
ACCOUNT = [{"request": "POST /users", "capture": {"user_id": "id"}}]
CONVERSATION = [{"request": "POST /rooms", "capture": {"conversation_id": "id"}}]
HTTP = {"driver": "http", "api": "http://127.0.0.1:1"}


class TestLimits:
    def test_may_be_none(self, write: Callable[..., Path], spec: Spec, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("TOY_SECRET", SECRET)
        target = read_target(write(limits={"frame_bytes": "none"}), spec, secret=SECRET)
        assert target.look_up("limits.frame_bytes") is None
        assert target.look_up("limits.content_max") == spec.protocol.profile["limits"]["content_max"]

    @pytest.mark.parametrize("group", [{"limits": {"frame_bytes": "no"}}, {"timers": {"rest": "none"}}])
    def test_take_no_other_word_and_timers_not_this_one(
        self, write: Callable[..., Path], spec: Spec, group: dict[str, object]
    ) -> None:
        with pytest.raises(BadFile, match=r"the word none|should be a number"):
            check_target(write(**group), spec)

    def test_take_the_word_only_for_what_the_profile_has(self, write: Callable[..., Path], spec: Spec) -> None:
        with pytest.raises(BadFile, match=r"the profile has no limits\.frame_byte; did you mean 'frame_bytes'\?"):
            check_target(write(limits={"frame_byte": "none"}), spec)


class TestIds:
    """What a driver gives must be such as the dialect has, as far as the file tells."""

    @pytest.mark.parametrize(
        ("provision", "ids"),
        [
            (STATIC, "opaque"),
            (STATIC, {"user": "integer"}),
            (STATIC, {"conversation": "integer"}),
            ({"driver": "jwt"}, "integer"),
            ({"driver": "jwt", "ids": "integer"}, {"user": "opaque"}),
            ({"driver": "jwt", "conversations": "any id"}, {"conversation": "integer"}),
            (HTTP, "integer"),
            ({**HTTP, "conversation": []}, {"conversation": "integer"}),
            ({"driver": "sql", "url_env": "TOY_DATABASE"}, "integer"),
        ],
    )
    def test_that_the_dialect_does_not_have_are_a_mistake(
        self, write: Callable[..., Path], spec: Spec, provision: dict[str, object], ids: object
    ) -> None:
        with pytest.raises(BadFile, match=r"the driver gives the id .*, and the dialect has an? (integer|text)"):
            check_target(write(provision=provision, dialect={"ids": ids}), spec)

    @pytest.mark.parametrize(
        ("provision", "ids"),
        [
            ({"driver": "jwt"}, {"message": "integer"}),
            ({"driver": "jwt", "ids": "integer"}, "integer"),
            ({"driver": "jwt", "ids": "text"}, "integer"),
            ({"driver": "jwt", "ids": "text"}, "opaque"),
            ({"driver": "jwt"}, {"conversation": "integer"}),
            ({"driver": "jwt"}, "opaque"),
            ({"driver": "reference"}, "integer"),
            ({**HTTP, "account": ACCOUNT, "conversation": CONVERSATION}, "integer"),
            ({**HTTP, "account": ACCOUNT}, "integer"),
            ({**HTTP, "ids": "integer", "conversation": []}, "integer"),
        ],
    )
    def test_that_may_fit_are_none(
        self, write: Callable[..., Path], spec: Spec, provision: dict[str, object], ids: object
    ) -> None:
        check_target(write(provision=provision, dialect={"ids": ids}), spec)

    def test_are_named_with_their_lines_each(self, write: Callable[..., Path], spec: Spec) -> None:
        with pytest.raises(BadFile) as error:
            check_target(write(provision=STATIC, dialect={"ids": "integer"}), spec)
        wanted = "and the dialect has an integer from 0 to 18446744073709551615"
        assert str(error.value).replace(f"{write()}:", "") == (
            f"13: the driver gives the id 'ben', {wanted}\n"
            f"16: the driver gives the id '4b1f6c1e-8a55-4d0b-9a39-0c7d4f0e2a11', {wanted}"
        )

    @pytest.mark.parametrize(
        ("provision", "dialect"),
        [
            ({"driver": "jwt", "ids": "integer"}, None),
            ({"driver": "jwt", "ids": "text"}, None),
            ({"driver": "jwt", "ids": "integer"}, {"types": {"Ping": "ping"}}),
            ({"driver": "jwt", "ids": "integer", "conversations": "any id"}, {"ids": {"user": "integer"}}),
            ({"driver": "jwt", "ids": "integer"}, {"ids": "uuid"}),
            (STATIC, None),
        ],
    )
    def test_that_are_no_uuids_need_a_dialect(
        self, write: Callable[..., Path], spec: Spec, provision: dict[str, object], dialect: object
    ) -> None:
        with pytest.raises(BadFile, match=r"and the protocol has UUIDs in lower case: .* needs `dialect: \{ids:"):
            check_target(write(provision=provision, **({} if dialect is None else {"dialect": dialect})), spec)

    def test_that_the_driver_makes_up_have_a_form_to_be_changed(self, write: Callable[..., Path], spec: Spec) -> None:
        with pytest.raises(BadFile, match=r"; `provision: \{ids: …\}` says which form it makes up$"):
            check_target(write(dialect={"ids": "integer"}), spec)


@pytest.mark.parametrize("file", sorted((find() / "targets").glob("*.yaml")), ids=lambda file: file.stem)
def test_a_shipped_target_is_well_formed(whole_spec: Spec, file: Path) -> None:
    check_target(file, whole_spec)
