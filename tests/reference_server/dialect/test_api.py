"""A server with numbers as ids, in a process of its own: its tokens, its API and its connections."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.reference_server.dialect.tables import TABLES
from tests.reference_server.support import Command, open_socket, token

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Command]:
    folder = tmp_path_factory.mktemp("numbers")
    (folder / "names.json").write_text(json.dumps(TABLES), encoding="utf-8")
    (folder / "seed.yaml").write_text(
        "users: [alice]\nconversations: [{name: lobby, members: {alice: owner}}]", encoding="utf-8"
    )
    with Command(
        folder / "chat.db", "--names", str(folder / "names.json"), "--seed-data", str(folder / "seed.yaml")
    ) as command:
        yield command
        _, log = command.end()
        assert "This server speaks the dialect of staging.yaml on request." in log
        assert "The ids of users are numbers: alice is 1." in log


def call(server: Command, method: str, path: str, body: Any = None, sub: Any = 1) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token(sub, sub=sub)}"}
    with httpx.Client(trust_env=False) as client:
        return client.request(method, server.ready["api"][0] + path, json=body, headers=headers)


def test_the_api_has_numbers_in_its_paths_and_bodies(server: Command) -> None:
    assert call(server, "GET", "/conversations").json()["conversations"][0]["conversation_id"] == 1
    created = call(server, "POST", "/conversations", {"members": [{"user_id": 42}]})
    number = created.json()["conversation_id"]
    assert (created.status_code, type(number)) == (201, int)
    given = call(server, "PUT", f"/conversations/{number}/members/42", {"role": "moderator"})
    assert given.json() == {"conversation_id": number, "user_id": 42, "role": "moderator"}
    assert call(server, "DELETE", f"/conversations/{number}/members/42").status_code == 204


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/conversations", {"members": [{"user_id": "00000000-0000-0000-0000-000000000007"}]}),
        ("/conversations", "no object"),
    ],
)
def test_the_api_refuses_uuids_and_says_what_is_wrong_with_a_body(server: Command, path: str, body: Any) -> None:
    assert call(server, "POST", path, body).status_code == 422


def test_the_api_is_only_open_for_numbers(server: Command) -> None:
    assert call(server, "GET", "/conversations", sub="00000000-0000-0000-0000-000000000007").status_code == 401
    assert call(server, "GET", "/conversations", sub="1").status_code == 200
    assert call(server, "GET", "/health").json()["status"] == "ok"


async def test_a_user_enters_a_conversation_by_its_number(server: Command) -> None:
    socket = await open_socket(server.ready["instances"][0], token(1, sub=1))
    assert json.loads(await socket.recv())["type"] == "ok"
    await socket.send(json.dumps({"type": "enter", "conversation_id": 1}))
    assert json.loads(await socket.recv())["action"] == "joined_conversation"
    await socket.send(json.dumps({"type": "enter", "conversation_id": 999}))
    assert json.loads(await socket.recv())["code"] == "not_found"
    await socket.close()
