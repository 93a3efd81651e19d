"""Users by a shared secret: whoever a token names is one; and any id is a conversation, where the file says so."""

from __future__ import annotations

import uuid

import jwt
import pytest

from conformance.errors import ProvisioningFailed
from conformance.target.accounts import Account, Room, Wanted
from conformance.target.provision.created import CreatingProvisioner
from conformance.target.provision.jwt import Jwt, Named
from conformance.target.tokens import Signing
from tests.conformance.run_contexts import EVERYBODY, SECRET

CLAIMS = {"sub": "${user_id}", "username": "${name}", "user": {"label": "user ${user_id}"}}


def provisioner(settings: Jwt = EVERYBODY) -> CreatingProvisioner:
    return CreatingProvisioner(Named(settings, "member"), Signing(SECRET, "HS256", CLAIMS, 900), "3f9c01")


async def test_gives_new_ids_to_users_and_conversations() -> None:
    wanted = Wanted(("alice", "bob"), {"lobby": Room("private", {"alice": "member"})})
    leases = [await provisioner().lease(wanted) for _ in range(2)]
    ids = [one for lease in leases for one in (lease.accounts["alice"].id, lease.accounts["bob"].id)]
    assert len({uuid.UUID(one) for one in (*ids, *(lease.conversations["lobby"] for lease in leases))}) == 6


@pytest.mark.parametrize(("form", "kind"), [("integer", int), ("text", str), ("uuid", str)])
async def test_fills_the_claims_with_the_id_as_the_server_writes_it(form: str, kind: type) -> None:
    lease = await provisioner(Jwt(form)).lease(Wanted(("alice",)))
    token = lease.token("alice")
    assert token is not None
    claims = jwt.decode(token, SECRET, algorithms=["HS256"], options={"verify_sub": False})
    assert isinstance(claims["sub"], kind)
    assert str(claims["sub"]) == lease.accounts["alice"].id
    assert claims["user"] == {"label": f"user {lease.accounts['alice'].id}"}


@pytest.mark.parametrize(
    ("user_id", "said"),
    [
        ("7", "two new accounts have the same id, '7'; is the right field captured?"),
        ("", "the id of one of the new accounts is empty"),
    ],
    ids=["the-same", "empty"],
)
async def test_two_users_with_one_id_are_no_users(user_id: str, said: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def account(_: Named, name: str) -> Account:
        return Account(name, user_id)

    monkeypatch.setattr(Named, "account", account)
    with pytest.raises(ProvisioningFailed) as error:
        await provisioner().lease(Wanted(("alice", "bob")))
    assert str(error.value) == said


async def test_names_carry_the_nonce_of_the_run() -> None:
    lease = await provisioner().lease(Wanted(("alice", "bob")))
    assert [account.name for account in lease.accounts.values()] == ["parity-3f9c01-1-alice", "parity-3f9c01-2-bob"]


async def test_makes_no_conversation_unless_any_id_is_one() -> None:
    with pytest.raises(ProvisioningFailed, match="makes users, and no conversations"):
        await provisioner(Jwt()).lease(Wanted(("alice",), {"lobby": Room("private", {"alice": "member"})}))


async def test_cannot_give_a_role() -> None:
    with pytest.raises(ProvisioningFailed, match="cannot make anybody owner"):
        await provisioner().lease(Wanted(("alice",), {"lobby": Room("private", {"alice": "owner"})}))
    lease = await provisioner().lease(Wanted(("alice",), {"lobby": Room("private", {"alice": "member"})}))
    with pytest.raises(ProvisioningFailed):
        await lease.give_role("lobby", "alice", "member")
    with pytest.raises(ProvisioningFailed):
        await lease.remove("lobby", "alice")
