from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from reference_server import demo
from reference_server.config import ConfigError
from reference_server.permissions import Role
from reference_server.seed import file as module
from reference_server.seed.file import read

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
users: [alice, dora]
conversations:
  - name: big
    visibility: public
    members: {alice: owner, dora: member}
    generate: 10
    messages:
      - {from: dora, content: "Hello, Ünïcode 👋"}
"""


@pytest.fixture
def seed_file(tmp_path: Path) -> Path:
    return tmp_path / "seed.yaml"


def test_is_yaml(seed_file: Path):
    seed_file.write_text(GOOD, encoding="utf-8")
    seed = read(seed_file)
    assert seed.users["alice"] == demo.USERS["alice"]
    [big] = seed.conversations
    assert (big.owner, big.members, big.generate) == ("alice", {"alice": Role.OWNER, "dora": Role.MEMBER}, 10)
    assert [(one.sender, one.content) for one in big.messages] == [("dora", "Hello, Ünïcode 👋")]


def test_is_json_as_well_and_may_give_ids(seed_file: Path):
    own = "5b0e2f8e-9d1c-4a57-8f0a-6b5e3d2c1b0a"
    seed_file.write_text(json.dumps({"users": {"alice": None, "dora": own}}), encoding="utf-8")
    assert read(seed_file).users == {"alice": demo.USERS["alice"], "dora": UUID(own)}


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("", 1, "valid dictionary"),
        ("users: [", 2, "this is not YAML"),
        ("users: [a]\nconversation: []\n", 2, "conversation: Extra inputs are not permitted"),
        (GOOD.replace("10", "-1"), 6, "conversations.0.generate: Input should be greater than or equal to 0; got '-1'"),
        (GOOD.replace("10", "1000001"), 6, "less than or equal to 1000000"),
        (GOOD.replace("owner", "boss"), 5, "conversations.0.members.alice: Input should be 'owner', 'moderator'"),
        (GOOD.replace("owner", "reader"), 3, "a conversation needs an owner: give one of its members the role owner"),
        (GOOD.replace("from: dora", "from: erik"), 3, "'erik' writes messages but is not a member: add it to members"),
        (
            GOOD.replace("[alice, dora]", "[alice]"),
            1,
            "'dora' is a member of a conversation but not a user: add it to users",
        ),
        (GOOD.replace("content:", "text:"), 8, "conversations.0.messages.0.content: Field required"),
        (GOOD + "users: []\n", 9, "'users' is here twice"),
        ("users: &all [a]\nconversations: *all\n", 1, "write the value here and wherever it is used, without & and *"),
        ("users: {[a]: b}\n", 1, "a key must be a text"),
        ("users: [a, no]\n", 1, "a name that means true, false or null in YAML needs quotes"),
        (GOOD.replace("10", "true"), 6, "conversations.0.generate: Input should be a valid integer"),
        ("users: {a: 5b0e2f8e-9d1c-4a57-8f0a-6b5e3d2c1b0a, b: 5b0e2f8e-9d1c-4a57-8f0a-6b5e3d2c1b0a}", 1, "the same id"),
    ],
)
def test_says_where_it_is_wrong_and_what_to_do(seed_file: Path, text: str, line: int, says: str):
    seed_file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as refused:
        read(seed_file)
    assert str(refused.value).startswith(f"{seed_file}:{line}: ")
    assert says in str(refused.value)


def test_takes_a_key_as_it_is_written(seed_file: Path):
    seed_file.write_text("users: {no: , 007: , null: , 2020-01-01: }", encoding="utf-8")
    assert list(read(seed_file).users) == ["no", "007", "null", "2020-01-01"]


@pytest.mark.parametrize("data", [b"\xff\xfe\xff", b"\x00", b"[" * 100_000])
def test_says_that_it_is_no_yaml(seed_file: Path, data: bytes):
    seed_file.write_bytes(data)
    with pytest.raises(ConfigError, match="this is not YAML"):
        read(seed_file)


def test_is_bounded(seed_file: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "MOST_BYTES", 10)
    seed_file.write_text(GOOD, encoding="utf-8")
    with pytest.raises(ConfigError, match="more than 10 bytes"):
        read(seed_file)
