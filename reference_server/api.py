"""Provisioning over HTTP: conversations, their members, health."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import Connection

from reference_server.auth import InvalidTokenError, authenticate
from reference_server.context import Instance
from reference_server.errors import Code, Refused
from reference_server.messages import Text
from reference_server.permissions import Right, Role, Visibility
from reference_server.pubsub import RoleChanged, conversation_channel
from reference_server.store import conversations

MAX_MEMBERS = 10_000
STATUSES: dict[Code, int] = {"not_found": 404, "forbidden": 403, "conflict": 409}


class NewMember(BaseModel):
    """A user and the role they get."""

    user_id: UUID
    role: Role = Role.MEMBER


class NewConversation(BaseModel):
    """A conversation to be created; its creator owns it, unless listed with another role."""

    name: Annotated[Text, Field(max_length=200)] | None = None
    visibility: Visibility = Visibility.PRIVATE
    members: list[NewMember] = Field(default_factory=list, max_length=MAX_MEMBERS)


class NewRole(BaseModel):
    """A role to be given."""

    model_config = ConfigDict(extra="ignore")

    role: Role


class KnownCallers(APIRoute):
    """A route that looks at the token before it reads the body: a stranger has no memory to fill."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Put the look at the token first."""
        handle = super().get_route_handler()

        async def identify_and_handle(request: Request) -> Response:
            request.state.user_id = _identify(request)
            return await handle(request)

        return identify_and_handle


def _identify(request: Request) -> UUID:
    instance: Instance = request.app.state.instance
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    try:
        if scheme.lower() != "bearer":
            raise InvalidTokenError("A bearer token is required.")
        settings = instance.settings
        return authenticate(token.strip(), settings.jwt_secret, settings.token_leeway).user_id
    except InvalidTokenError as error:
        raise HTTPException(401, str(error), {"WWW-Authenticate": "Bearer"}) from None


async def caller(request: Request) -> UUID:
    """Return the user whom the bearer token names."""
    user_id: UUID = request.state.user_id
    return user_id


async def instance_of(request: Request) -> Instance:
    """Return the instance that serves the request."""
    instance: Instance = request.app.state.instance
    return instance


# Coroutines: FastAPI would send plain functions through a thread each.
Caller = Annotated[UUID, Depends(caller)]
Here = Annotated[Instance, Depends(instance_of)]
open_router = APIRouter(prefix="/api/v1")
router = APIRouter(
    prefix="/api/v1",
    route_class=KnownCallers,
    dependencies=[Depends(HTTPBearer(auto_error=False))],  # for the description only: `KnownCallers` looks at the token
    responses={401: {"description": "The token is missing or not valid."}},
)
MODERATION: dict[int | str, dict[str, Any]] = {
    403: {"description": "The caller's role does not allow it."},
    404: {"description": "There is no such conversation for the caller."},
    409: {"description": "The conversation would lose its last owner."},
}


@open_router.get("/health")
async def health(here: Here, response: Response) -> dict[str, Any]:
    """Say whether the server runs, and whether its database and its bus are available; else why not."""
    services = here.services
    cause = await services.outages.look(services.probe)
    pubsub = await services.pubsub.is_ready()
    ready = cause is None and pubsub
    response.status_code = 200 if ready else 503
    found = {"status": "ok" if ready else "unavailable", "database": cause is None, "pubsub": pubsub}
    reasons = [f"database: {cause}"] * (cause is not None) + ["pubsub: unreachable"] * (not pubsub)
    return {**found, "reason": ", ".join(reasons)} if reasons else found


@open_router.get("/health/live")
async def live() -> dict[str, str]:
    """Say that the process answers, whatever its database and its bus do."""
    return {"status": "ok"}


@open_router.get("/health/ready", responses={503: {"description": "An engine cannot be used; the body says why."}})
async def ready(here: Here, response: Response) -> dict[str, Any]:
    """Say of each engine, by its name, that it can be used, or why not."""
    services = here.services
    cause = await services.outages.look(services.probe)
    pubsub = "ok" if await services.pubsub.is_ready() else "unreachable"
    engines = {services.database.engine: "ok" if cause is None else str(cause), services.pubsub.engine: pubsub}
    is_ready = set(engines.values()) == {"ok"}
    response.status_code = 200 if is_ready else 503
    return {"status": "ok" if is_ready else "unavailable", "engines": engines}


@router.post("/conversations", status_code=201)
async def create_conversation(body: NewConversation, user_id: Caller, here: Here) -> dict[str, UUID]:
    """Create a conversation with its members."""
    members = {user_id: Role.OWNER} | {member.user_id: member.role for member in body.members}
    if Role.OWNER not in members.values():
        raise HTTPException(422, "A conversation has an owner.")
    conversation_id = await here.services.database.write(conversations.create, body.name, body.visibility, members)
    return {"conversation_id": conversation_id}


@router.get("/conversations")
async def list_conversations(user_id: Caller, here: Here) -> dict[str, Any]:
    """List the conversations that the caller is a member of."""
    return {"conversations": await here.services.database.read(conversations.conversations_of, user_id)}


@router.put("/conversations/{conversation_id}/members/{member_id}", responses=MODERATION)
async def set_member(
    conversation_id: UUID, member_id: UUID, body: NewRole, user_id: Caller, here: Here
) -> dict[str, Any]:
    """Give a user a role."""
    await _moderate(here, conversation_id, user_id, member_id, body.role)
    return {"conversation_id": conversation_id, "user_id": member_id, "role": body.role}


@router.delete("/conversations/{conversation_id}/members/{member_id}", status_code=204, responses=MODERATION)
async def remove_member(conversation_id: UUID, member_id: UUID, user_id: Caller, here: Here) -> None:
    """Make a user an outsider."""
    await _moderate(here, conversation_id, user_id, member_id, None)


async def _moderate(here: Instance, conversation_id: UUID, user_id: UUID, member_id: UUID, role: Role | None) -> None:
    """Change a role if the caller may, and tell every instance."""  # PERM-2, MULTI-3
    async with here.services.changes.change(conversation_id, user_id):
        try:
            may_read = await here.services.changes.write(_change_role, conversation_id, user_id, member_id, role)
        except Refused as refused:
            raise HTTPException(STATUSES[refused.code], refused.message) from None
        await here.services.pubsub.publish(conversation_channel(conversation_id), RoleChanged(member_id, may_read))


def _change_role(
    connection: Connection, conversation_id: UUID, user_id: UUID, member_id: UUID, role: Role | None
) -> bool:
    """Change a role, and say whether the user may read now."""
    caller, _ = conversations.lock(connection, conversation_id, user_id)
    before = conversations.membership(connection, conversation_id, member_id).role
    caller.require_role_change(before, role, is_own=user_id == member_id)
    loses_ownership = before is Role.OWNER and role is not Role.OWNER
    if loses_ownership and not conversations.has_another_owner(connection, conversation_id, member_id):
        raise Refused("conflict", "A conversation keeps its last owner.")
    if role is None:
        conversations.remove_member(connection, conversation_id, member_id)
    else:
        conversations.set_role(connection, conversation_id, member_id, role)
    return conversations.membership(connection, conversation_id, member_id).may(Right.READ)
