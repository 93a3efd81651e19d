from __future__ import annotations

import pytest

from reference_server.config import ConfigError
from reference_server.redis.client import GuardedRedis, open_redis


def said(url: str) -> str:
    """Return why a URL is refused."""
    with pytest.raises(ConfigError) as raised:
        open_redis(url)
    return str(raised.value)


def opened(url: str) -> GuardedRedis:
    return open_redis(url)


@pytest.mark.parametrize(
    ("url", "host", "database", "password"),
    [
        ("redis://host", "host", 0, None),
        ("redis://host/", "host", 0, None),
        ("rediss://user:secret@host:6380/3?ssl_cert_reqs=none", "host", 3, "secret"),
        ("redis://:p%40s%23s@host/2", "host", 2, "p@s#s"),
        ("redis://:p@ss@[::1]:6379/0?client_name=chat", "::1", 0, "p@ss"),
        (" redis://host/1\r\n", "host", 1, None),
    ],
)
def test_is_taken_as_other_programs_write_it(url: str, host: str, database: int, password: str | None):
    found = opened(url).connection_pool.connection_kwargs
    assert (found["host"], found.get("db", 0), found.get("password")) == (host, database, password)


def test_may_be_a_socket():
    found = opened("unix:///run/redis.sock?db=2").connection_pool.connection_kwargs
    assert (found["path"], found["db"]) == ("/run/redis.sock", 2)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("redis://host/abc", "must end in the number of a database"),
        ("redis://host/3/4", "must end in the number of a database"),
        ("redis://host/-1", "must end in the number of a database"),
        ("redis://host?db=abc", "option db must be the number"),
        ("redis://", "has no host"),
        ("redis://:secret@/0", "has no host"),
        ("redis:host", "malformed"),
        ("host:6379", "malformed"),
        ("http://host", "malformed"),
        ("redis://host:port", "malformed"),
        ("redis://[::1", "malformed"),
        ("unix://run/redis.sock", "no path to a socket"),
        ("unix://", "no path to a socket"),
    ],
)
def test_is_refused_where_the_client_would_use_another_host_or_database(url: str, why: str):
    assert why in said(url)


@pytest.mark.parametrize("option", ["foo", "ssl", "decode_responses", "protocol", "socket_timeout", "max_connections"])
def test_names_an_option_that_this_server_does_not_have(option: str):
    assert f"the option {option!r}" in said(f"redis://host?{option}=1")


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("redis://host?ssl_cert_reqs=none", "needs rediss://"),
        ("rediss://host?ssl_cert_reqs=maybe", "malformed"),
        ("unix:///run/redis.sock?socket_keepalive=1", "malformed"),
    ],
)
def test_refuses_an_option_that_does_not_fit(url: str, why: str):
    assert why in said(url)


@pytest.mark.parametrize(
    "password", ["hid/den", "hid?den", "hid#den", "12/hidden", "12?hidden", "12#hidden", "hid/den?den#den", "hid[den"]
)
def test_shows_no_part_of_a_password_that_is_not_escaped(password: str):
    for user in ("", "user"):
        assert "den" not in said(f"redis://{user}:{password}@host/0")
