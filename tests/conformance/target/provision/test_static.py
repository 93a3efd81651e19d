"""Accounts and conversations that exist already: who gets what, who waits, and what is never given twice."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from conformance.errors import BadFile, ProvisioningFailed, UsageError
from conformance.results.model import Outcome
from conformance.target import check_target, read_target
from conformance.target.accounts import Account, Room, Wanted
from conformance.target.provision.static import Lender, Place, Static
from conformance.target.tokens import mint
from tests.conformance.run_contexts import SIGNING
from tests.conformance.target.provision.recipes import target_file
from tests.conformance.target.provision.running import run_some
from tests.doubles.reference import reference_server

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.spec import Spec

pytestmark = pytest.mark.end_to_end

PEOPLE = ("ann", "ben", "cyd", "dan")
HALL = {"ann": "owner", "ben": "member", "cyd": "member"}
TWO = {"alice": "owner", "bob": "member"}


def lender(*places: Place, people: tuple[str, ...] = PEOPLE, rest: float = 0.0) -> Lender:
    accounts = {name: Account(name, f"id of {name}", f"token of {name}") for name in people}
    return Lender(Static(accounts, {place.name: place for place in places}), None, rest)


def place(name: str = "hall", members: dict[str, str] | None = None, **more: Any) -> Place:
    return Place(name, f"id of {name}", more.pop("visibility", "private"), HALL if members is None else members, **more)


def wanted(roles: dict[str, str], *others: str, visibility: str = "private", **more: bool) -> Wanted:
    return Wanted((*roles, *others), {"lobby": Room(visibility, roles)}, **more)


async def test_everybody_gets_an_account_of_the_role_that_is_wanted() -> None:
    lease = await lender(place()).lease(wanted(TWO, "carol"))
    assert {user: account.name for user, account in lease.accounts.items()} == {
        "alice": "ann",
        "bob": "ben",
        "carol": "dan",
    }
    assert lease.conversations == {"lobby": "id of hall"}
    assert lease.token("carol") == "token of dan"


@pytest.mark.parametrize(
    ("want", "reason"),
    [
        (Wanted(("a", "b", "c", "d", "e")), "it needs 5 accounts, and the target file has 4"),
        (
            wanted({"alice": "reader"}),
            "of the target file fit: it needs a private one of 1 reader",
        ),
        (wanted(TWO, "carol", "dave"), "it needs a private one of 1 owner, 1 member (2 not in it)"),
        (wanted(TWO, visibility="public"), "it needs a public one of 1 owner, 1 member"),
        (wanted(TWO, empty=True), "no conversation that fits is empty and unused"),
    ],
)
async def test_what_there_is_not_is_said_at_once(want: Wanted, reason: str) -> None:
    with pytest.raises(ProvisioningFailed) as caught:
        await asyncio.wait_for(lender(place()).lease(want), 60)
    assert reason in str(caught.value)


async def test_nobody_has_anything_at_the_same_time_as_somebody_else() -> None:
    house = lender(place())
    first = await house.lease(wanted(TWO))
    second = asyncio.create_task(house.lease(wanted({"carol": "member"})))
    alone = await house.lease(Wanted(("dave",)))
    assert alone.accounts["dave"].name == "dan"  # cyd is in the hall, and hears of it
    assert not second.done()
    await first.end()
    assert (await second).accounts["carol"].name == "ben"


async def test_many_at_once_never_wait_for_each_other_in_a_circle() -> None:
    rooms = [place("hall", {"ann": "member", "ben": "member"}), place("yard", {"cyd": "member", "dan": "member"})]
    house, most, now = lender(*rooms), 0, 0

    async def run_scenario(number: int) -> None:
        nonlocal most, now
        roles = {"a": "member"} if number % 3 else {"a": "member", "b": "member"}
        lease = await house.lease(wanted(roles, *(["c"] if number % 2 else [])))
        now += 1
        most = max(most, now)
        await asyncio.sleep(0)
        now -= 1
        await lease.end()

    await asyncio.wait_for(asyncio.gather(*(run_scenario(number) for number in range(60))), 60)
    assert most == 2


async def test_a_scenario_that_is_cancelled_while_it_waits_takes_nothing() -> None:
    house = lender(place())
    first = await house.lease(wanted(TWO))
    waiting = asyncio.create_task(house.lease(wanted(TWO)))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await first.end()
    await asyncio.wait_for(house.lease(wanted(TWO)), 60)


async def test_an_empty_conversation_is_empty_once_and_kept_for_whom_it_matters() -> None:
    house = lender(place("hall", empty=True), place("used"))
    plain = await house.lease(wanted(TWO))
    assert plain.conversations == {"lobby": "id of used"}
    assert plain.claimed_empty == {}
    await plain.end()
    first = await house.lease(wanted(TWO, empty=True))
    assert (first.conversations, first.claimed_empty) == ({"lobby": "id of hall"}, {"lobby": "alice"})
    second = asyncio.create_task(house.lease(wanted(TWO, empty=True)))
    with pytest.raises(ProvisioningFailed, match="is empty and unused"):
        await second
    await first.end()


async def test_a_public_conversation_that_an_outsider_has_met_is_given_to_nobody_else() -> None:
    house = lender(place(visibility="public"))
    inside = await house.lease(wanted(TWO, visibility="public"))
    await inside.end()
    outside = await house.lease(wanted(TWO, "carol", visibility="public"))
    await outside.end()
    with pytest.raises(ProvisioningFailed, match="it needs a public one"):
        await house.lease(wanted(TWO, visibility="public"))


async def test_accounts_rest_before_and_after_a_scenario_about_rate_limits() -> None:
    house = lender(rest=0.2, people=("ann",))
    clock = asyncio.get_running_loop().time
    ended = []
    for alone in (False, True, False):
        lease = await house.lease(Wanted(("alice",), alone=alone))
        await lease.ready()
        ended.append(clock())
        await lease.end()
    assert ended[1] - ended[0] >= 0.2
    assert ended[2] - ended[1] >= 0.2


async def test_roles_stay_as_they_are() -> None:
    lease = await lender(place()).lease(wanted(TWO))
    with pytest.raises(ProvisioningFailed, match="it needs a change of a role"):
        await lease.give_role("lobby", "bob", "reader")
    with pytest.raises(ProvisioningFailed, match="it needs somebody removed"):
        await lease.remove("lobby", "bob")


@pytest.mark.parametrize(
    ("section", "line", "message"),
    [
        ("accounts: {ann: {id: 1}}", 8, "there is no `auth: {jwt: …}` to make a token for ann"),
        ("accounts: {ann: {id: 1, token: x}}", 8, "there is no key 'token' here; did you mean 'token_env'?"),
        ("accounts: {}", 8, "this should not be empty"),
        ("conversations: {}", 6, "`accounts` is missing here"),
        (
            "accounts: {ann: {id: 1, token_env: ANN}}\n  conversations: {hall: {id: 1, members: {bob: owner}}}",
            9,
            "there is no account 'bob' here; there are ann",
        ),
    ],
)
def test_a_mistake_is_named_with_its_line(spec: Spec, tmp_path: Path, section: str, line: int, message: str) -> None:
    provision = f"provision:\n  driver: static\n  {section}\n"
    file = target_file(tmp_path, ["ws://x/ws"], provision, "auth: {query_param: token}")
    with pytest.raises(BadFile) as caught:
        check_target(file, spec)
    (mistake,) = caught.value.mistakes
    assert message in mistake.message
    assert mistake.line == line


@dataclass
class Town:
    """People and conversations on the reference server, made as an administrator would have made them long ago."""

    url: str
    people: dict[str, str] = field(default_factory=dict)
    places: dict[str, Any] = field(default_factory=dict)

    def token(self, name: str) -> str:
        made = mint(SIGNING, self.people[name], name)
        assert made is not None
        return made

    async def build(self, name: str, members: dict[str, str], **more: Any) -> None:
        listed = [{"user_id": self.people[one], "role": role} for one, role in members.items()]
        api = self.url.replace("ws://", "http://").replace("/ws", "/api/v1")
        async with httpx.AsyncClient() as client:
            answer = await client.post(
                f"{api}/conversations",
                json={"name": name, "members": listed, "visibility": more.get("visibility", "private")},
                headers={"Authorization": f"Bearer {self.token('founder')}"},
            )
        self.places[name] = {"id": answer.json()["conversation_id"], "members": members, **more}

    def target(self, folder: Path) -> Path:
        accounts = {
            name: {"id": user, "token_env": f"TOKEN_{name.upper()}"}
            for name, user in self.people.items()
            if name != "founder"
        }
        section = {"driver": "static", "accounts": accounts, "conversations": self.places}
        return target_file(folder, [self.url], f"provision: {json.dumps(section)}\n", "auth: {query_param: token}")


def town(url: str, monkeypatch: pytest.MonkeyPatch, *names: str) -> Town:
    built = Town(
        url, {name: f"4b1f6c1e-8a55-4d0b-9a39-{number:012d}" for number, name in enumerate((*names, "founder"))}
    )
    for name in names:
        monkeypatch.setenv(f"TOKEN_{name.upper()}", built.token(name))
    return built


async def test_passes_through_what_exists_and_says_what_does_not(
    whole_spec: Spec, tmp_path: Path, signing_secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, unseen = "edit-message.identity-stays", "delete-message.members-see-it"
    forged, raw = (
        f"jwt-authentication.bad-token-refused[{kind}]" for kind in ("expired.an_hour_ago", "malformed.word")
    )
    role = "permissions.banned-member-sees-no-further-event[message]"
    async with reference_server(f"sqlite:///{tmp_path / 'chat.db'}", signing_secret) as urls:
        built = town(urls[0], monkeypatch, *PEOPLE)
        await built.build("hall", dict.fromkeys(("ann", "ben"), "member"))
        await built.build("yard", dict.fromkeys(("ann", "ben", "cyd"), "member"), empty=True)
        file = built.target(tmp_path)
        ran = await run_some(
            file, whole_spec, seen, unseen, forged, raw, role, "send-message.equal-*", "ping-pong.pings-*"
        )
        again = await run_some(file, whole_spec, seen)
    assert ran.outcomes[seen] is Outcome.PASS, ran.reason(seen)
    assert ran.outcomes[raw] is Outcome.PASS
    assert ran.outcomes[forged] is ran.outcomes[role] is Outcome.UNTESTABLE
    assert "takes the signing secret" in ran.reason(forged)
    assert again.reason(seen) == "it needs an empty conversation, and lobby is only declared to be one"


def test_a_token_that_is_not_set_is_named(spec: Spec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = town("ws://x/ws", monkeypatch, "ann").target(tmp_path)
    monkeypatch.delenv("TOKEN_ANN")
    with pytest.raises(UsageError, match="set the environment variable TOKEN_ANN to the token of ann"):
        read_target(file, spec)
