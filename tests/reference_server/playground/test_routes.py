from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
from starlette.applications import Starlette

from reference_server import demo
from reference_server.config import DEMO_SECRET, ConfigError, Settings
from reference_server.misbehaviour.switches import Switchboard
from reference_server.playground import schemas
from reference_server.playground.routes import FILES, Playground, routes
from reference_server.serving import Deployment
from tests.reference_server.support import SECRET, Chat, Client, open_socket
from tests.spec.spec_files import SPEC

if TYPE_CHECKING:
    from pathlib import Path

USERS = "/playground/users.json"


def visitor(key: str | None = None, host: str = "127.0.0.1:8000") -> httpx.AsyncClient:
    """Somebody who looks at the page of a server that is known under a name."""
    app = Starlette(routes=routes(Playground(demo.USERS, SECRET, timedelta(minutes=1), Switchboard(), key)))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=f"http://{host}")


class TestPage:
    async def test_is_there_with_the_demonstration_only(self, tmp_path: Path):
        for pages in ([], routes(demo.playground_of(Settings(SECRET), Switchboard()))):
            async with (
                Deployment(Settings(SECRET), f"sqlite:///{tmp_path}/chat.db", "127.0.0.1", [0], pages=pages) as server,
                Chat(server.websocket_urls, server.api_urls) as chat,
            ):
                answer = await chat.http.get(chat.api[0].removesuffix("api/v1"))
                assert answer.status_code == (200 if pages else 404)

    async def test_runs_its_own_scripts_alone_and_talks_to_its_own_server_alone(self):
        async with visitor() as http:
            page = await http.get("/")
            policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
            assert policy["default-src"] == "'none'"
            assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
            assert policy["require-trusted-types-for"] == "'script'"
            assert not re.search(r"<script>|<style|style=|\son\w+=|https?://", page.text)
            loaded = re.findall(r'(?:src|href)="(/[^"]+)"', page.text)
            assert len(loaded) == 2
            for path in loaded:
                assert (await http.get(path)).status_code == 200

    async def test_gives_every_file_that_a_script_imports(self):
        async with visitor() as http:
            for file in FILES.glob("*.js"):
                for name in re.findall(r'from "\./([^"]+)"', file.read_text(encoding="utf-8")):
                    answer = await http.get(f"/playground/{name}")
                    assert answer.headers["content-type"].startswith("text/javascript")

    @pytest.mark.parametrize("name", ["nothing.js", "..%2froutes.py", "index.html"])
    async def test_gives_no_other_file(self, name: str):
        async with visitor() as http:
            assert (await http.get(f"/playground/{name}")).status_code == 404


class TestUsers:
    async def test_have_tokens_that_are_let_in(self, tmp_path: Path):
        settings = Settings(DEMO_SECRET)
        pages = routes(demo.playground_of(settings, Switchboard()))
        async with (
            Deployment(settings, f"sqlite:///{tmp_path}/chat.db", "127.0.0.1", [0], pages=pages) as server,
            Chat(server.websocket_urls, server.api_urls) as chat,
        ):
            found = (await chat.http.get(chat.api[0].removesuffix("/api/v1") + USERS)).json()["users"]
            assert {user["name"] for user in found} == {"alice", "bob", "carol"}
            socket = await open_socket(chat.instances[0], found[0]["token"])
            assert (await Client(socket, demo.USERS["alice"]).frame())["action"] == "connected"
            await socket.close()

    @pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:9", "[::1]:8000"])
    async def test_are_shown_to_this_machine(self, host: str):
        async with visitor(host=host) as http:
            assert (await http.get(USERS)).status_code == 200

    async def test_are_hidden_under_a_name_that_points_here(self):
        async with visitor() as http:
            for header in ({"host": "["}, {"origin": "http://["}):
                assert (await http.get(USERS, headers=header)).status_code == 403
        async with visitor(host="evil.example") as http:
            answer = await http.get(USERS)
        assert (answer.status_code, "token" in answer.text) == (403, False)

    async def test_are_hidden_from_the_page_of_another_site(self):
        async with visitor() as http:
            assert (await http.get(USERS, headers={"Origin": "http://127.0.0.1:8001"})).status_code == 403
            assert (await http.get(USERS, headers={"Origin": "null"})).status_code == 403
            assert (await http.get(USERS, headers={"Origin": "http://127.0.0.1:8000"})).status_code == 200

    async def test_need_the_key_of_the_address_where_there_is_one(self):
        async with visitor(key="opens it", host="chat.example") as http:
            assert (await http.get(USERS)).status_code == 403
            assert (await http.get(USERS, headers={"Authorization": "Bearer öther".encode()})).status_code == 403
            assert (await http.get(USERS, headers={"Authorization": "Bearer opens it"})).status_code == 200


class TestSwitches:
    PATH = "/playground/switches.json"

    async def test_are_all_off_at_first(self):
        async with visitor() as http:
            switches = (await http.get(self.PATH)).json()["switches"]
        assert {switch["name"]: switch["value"] for switch in switches} == Switchboard().texts()
        assert set(Switchboard().texts().values()) == {"off"}

    async def test_are_changed_while_the_server_runs_and_logged(self, caplog: pytest.LogCaptureFixture):
        async with visitor() as http:
            answer = await http.put(self.PATH, json={"latency": "200ms±50"})
            assert answer.json() == (await http.get(self.PATH)).json()
            assert answer.json()["switches"][0]["value"] == "200ms±50"
        assert "latency is 200ms±50" in caplog.text

    @pytest.mark.parametrize(
        ("body", "why"),
        [
            ('{"latency": "slow"}', "--latency: write a time"),
            ('{"slowness": "1s"}', "no switch 'slowness'"),
            ('{"latency": 5}', "as text"),
            ("[]", "as text"),
            ("{", "not JSON"),
            ("[" * 100_000, "not JSON"),
        ],
    )
    async def test_say_what_is_wrong_with_a_change(self, body: str, why: str):
        async with visitor() as http:
            answer = await http.put(self.PATH, content=body)
            assert (answer.status_code, why in answer.json()["error"]) == (422, True)
            assert {switch["value"] for switch in (await http.get(self.PATH)).json()["switches"]} == {"off"}

    async def test_are_for_the_person_at_the_page_only(self):
        async with visitor(key="opens it", host="chat.example") as http:
            assert (await http.put(self.PATH, json={})).status_code == 403
        async with visitor() as http:
            assert (await http.put(self.PATH, json={}, headers={"Origin": "http://evil.example"})).status_code == 403


class TestKey:
    def test_is_in_the_address_unless_everybody_knows_the_secret(self):
        assert (
            demo.playground_of(Settings(DEMO_SECRET), Switchboard()).address("127.0.0.1:8000")
            == "http://127.0.0.1:8000/"
        )
        addresses = {demo.playground_of(Settings(SECRET), Switchboard()).address("127.0.0.1:8000") for _ in range(2)}
        assert len(addresses) == 2
        assert all(re.fullmatch(r"http://127.0.0.1:8000/#key=[\w-]{32}", one) for one in addresses)


class TestSchemas:
    async def test_are_those_of_all_requests_and_what_they_refer_to(self):
        async with visitor() as http:
            given = (await http.get("/playground/schemas.json")).json()
        assert given["requests"].keys() == {file.stem for file in (SPEC / "messages" / "incoming").iterdir()}
        named = set(re.findall(r'"\.\./common\.json#/\$defs/(\w+)"', json.dumps(given["requests"])))
        assert named
        assert named <= given["shared"].keys()

    def test_come_from_the_wheel_if_it_has_a_copy(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        (tmp_path / "common.json").touch()
        monkeypatch.setattr(schemas, "_COPY", tmp_path)
        assert schemas.folder() == tmp_path

    def test_are_missed_with_what_to_do(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(schemas, "_PACKAGE", tmp_path)
        with pytest.raises(ConfigError, match="reinstall"):
            schemas.folder()
