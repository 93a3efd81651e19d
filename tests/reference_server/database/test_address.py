from __future__ import annotations

import asyncio
import traceback

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from reference_server.config import ConfigError
from reference_server.database import open_database
from reference_server.database.address import address_of, reaching

URL = "postgresql://chat:p%40ss%2Fw%3Fd%25@host:5433/name"


@pytest.mark.parametrize("driver", ["postgresql", "postgres", "postgresql+asyncpg", "postgresql+psycopg"])
def test_is_the_same_whatever_driver_it_names(driver: str):
    address = address_of(make_url(URL.replace("postgresql", driver, 1)))
    assert address.startswith("postgresql://chat:p%40ss%2Fw")
    assert make_url(address) == make_url(URL)


@pytest.mark.parametrize("option", ["sslmode=require", "sslrootcert=ca.pem", "application_name=chat"])
def test_keeps_the_options_of_other_programs(option: str):
    assert address_of(make_url(f"{URL}?{option}")).endswith(f"/name?{option}")


def test_takes_the_option_of_sqlalchemy_as_well():
    assert address_of(make_url(f"{URL}?ssl=require")).endswith("?sslmode=require")


@pytest.mark.parametrize("option", ["channel_binding", "connect_timeout", "sslmoed"])
def test_names_an_option_that_does_not_exist(option: str):
    with pytest.raises(ConfigError, match=f"the option '{option}'"):
        open_database(f"{URL}?{option}=require")


def test_names_what_a_session_can_be():
    address_of(make_url(f"{URL}?target_session_attrs=primary"))
    with pytest.raises(ConfigError, match=r"one of any, primary, .*; got 'bogus'$"):
        address_of(make_url(f"{URL}?target_session_attrs=bogus"))


@pytest.mark.parametrize("address", ["host:65536/name", "/name?host=host&port=here", "/name?host=a,b&port=1,-2"])
def test_refuses_a_port_that_the_driver_would_take_for_another(address: str):
    with pytest.raises(ConfigError, match="port"):
        open_database(f"postgresql://chat:hidden@{address}")


async def test_may_have_space_around_it():
    """As in a file of settings that was written on Windows."""
    database = open_database(" postgresql://chat:hidden@host/name\r\n")
    assert str(database._address["dsn"]).endswith("@host/name")  # type: ignore[attr-defined]
    await database.close()


def test_shows_no_part_of_a_password_that_is_not_escaped():
    with pytest.raises(ConfigError, match="write %40") as raised:
        open_database("postgresql://chat:hid@den@host/name")
    assert "den" not in str(raised.value).split()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TimeoutError(), "host:5433 cannot be reached: no answer in time"),
        (ConnectionRefusedError(111, "Connection refused"), "host:5433 cannot be reached: Connection refused"),
        (OSError("Multiple exceptions"), "host:5433 cannot be reached: Multiple exceptions"),
        (FileNotFoundError(2, "No such file", "ca.pem"), "host:5433 cannot be reached: No such file: ca.pem"),
    ],
    ids=str,
)
def test_names_the_server_that_does_not_answer(error: OSError, said: str):
    with pytest.raises(ConfigError, match=said) as raised, reaching(make_url(URL)):
        raise error
    assert "ss/w" not in "".join(traceback.format_exception(raised.value))


async def test_reaches_a_server_with_options(empty_postgresql: str):
    database = open_database(f"{empty_postgresql}&sslmode=prefer&application_name=chat")
    async with asyncio.timeout(60):
        await database.prepare()
        name = await database.read(lambda connection: connection.scalar(text("SHOW application_name")))
        await database.close()
    assert name == "chat"
