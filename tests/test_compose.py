"""compose.yaml, as far as it can be checked without Docker."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from reference_server.database import PostgresDatabase, open_database
from reference_server.options import parser

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    return found


@pytest.fixture(scope="module")
def servers(services: dict[str, Any]) -> list[dict[str, Any]]:
    return [service for name, service in services.items() if name.startswith("server-")]


def test_has_two_servers_at_addresses_of_their_own(servers: list[dict[str, Any]]):
    assert len({port for server in servers for port in server["ports"]}) == len(servers) == 2


def test_starts_them_with_options_that_the_server_knows(servers: list[dict[str, Any]]):
    for server in servers:
        interpreter, flag, module, *options = server["command"]
        assert (interpreter, flag, module) == ("python", "-m", "reference_server")
        known = parser().parse_args(options)
        assert {port.rpartition(":")[2] for port in server["ports"]} == {str(port) for port in known.port}


async def test_leads_them_to_engines_that_it_starts_first(services: dict[str, Any], servers: list[dict[str, Any]]):
    for server in servers:
        environment = server["environment"]
        database = open_database(environment["DATABASE_URL"])
        assert isinstance(database, PostgresDatabase)
        await database.close()
        hosts = {urlsplit(environment[name]).hostname for name in ("DATABASE_URL", "REDIS_URL")}
        assert hosts == set(server["depends_on"]) <= set(services)
        assert all("healthcheck" in services[str(host)] for host in hosts)


def test_gives_the_database_the_user_that_the_servers_ask_for(services: dict[str, Any], servers: list[dict[str, Any]]):
    given = services["database"]["environment"]
    for server in servers:
        url = urlsplit(server["environment"]["DATABASE_URL"])
        assert (url.username, url.password, url.path) == (
            given["POSTGRES_USER"],
            given["POSTGRES_PASSWORD"],
            f"/{given['POSTGRES_DB']}",
        )


def test_holds_no_secret(servers: list[dict[str, Any]]):
    assert all(server["environment"]["JWT_SECRET"].startswith("${JWT_SECRET:?") for server in servers)


def test_is_documented():
    page = (ROOT / "docs" / "run-the-reference-server.md").read_text()
    assert "docker compose up" in page
    assert "docker compose down" in page
