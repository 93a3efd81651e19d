"""Wrongs of the tokens: who gets in, and as whom."""

import json
from contextlib import suppress
from contextvars import ContextVar
from uuid import UUID, uuid4

import jwt

from reference_server import auth, events, session
from reference_server.auth import Identity, InvalidTokenError
from reference_server.connection import Connection
from reference_server.context import Context
from tests.faults.registry import Patch, fault

FAR = 2.0**33
CHECKS = 'options={"require": ["exp", "sub"]'
FORGED = ("sender_id", "user_id", "from_user_id")


@fault(breaks=["AUTH-1"])
def accepts_no_token(patch: Patch) -> None:
    """Who has no token is somebody new."""
    old = 'raise InvalidTokenError("A token is required.")'
    patch.rewrite(auth.authenticate, old, "return Identity(UUID(int=1), 2.0**33)")


@fault(breaks=["AUTH-1"])
def accepts_garbage(patch: Patch) -> None:
    """Who has something that is no token is somebody new."""

    @patch.around(auth, "authenticate")
    def authenticate(original, token, secret, leeway):
        if token and token.count(".") != 2:
            return Identity(uuid4(), FAR)
        return original(token, secret, leeway)


@fault(breaks=["AUTH-1"])
def accepts_any_signature(patch: Patch) -> None:
    """The signature is not looked at."""
    new = f'{CHECKS}, "verify_signature": False, "verify_exp": True, "verify_nbf": True'
    patch.rewrite(auth.authenticate, CHECKS, new)


@fault(breaks=["AUTH-1"])
def accepts_algorithm_none(patch: Patch) -> None:
    """A token that says it needs no signature is believed."""

    @patch.around(auth, "authenticate")
    def authenticate(original, token, secret, leeway):
        try:
            return original(token, secret, leeway)
        except InvalidTokenError:
            if not token or token.count(".") != 2 or token.split(".")[2]:
                raise
            claims = jwt.decode(token, options={"verify_signature": False})
            return Identity(UUID(claims["sub"]), float(claims["exp"]))


@fault(breaks=["AUTH-1"])
def accepts_other_algorithms(patch: Patch) -> None:
    """Any HMAC will do."""
    patch.rewrite(auth.authenticate, "algorithms=[ALGORITHM]", 'algorithms=["HS256", "HS384", "HS512"]')


@fault(breaks=["AUTH-1", "AUTH-4"])
def accepts_expired(patch: Patch) -> None:
    """The end of a token is not looked at, neither at the upgrade nor later."""
    patch.rewrite(auth.authenticate, CHECKS, f'{CHECKS}, "verify_exp": False')
    patch(Connection, "_watch_expiry", lambda _: None)


@fault(breaks=["AUTH-1"])
def accepts_not_yet_valid(patch: Patch) -> None:
    """The begin of a token is not looked at."""
    patch.rewrite(auth.authenticate, CHECKS, f'{CHECKS}, "verify_nbf": False')


@fault(breaks=["AUTH-1"])
def accepts_a_token_by_any_name(patch: Patch) -> None:
    """The token is whatever value the query has first."""
    first = "next(iter([value for _, value in websocket.query_params.multi_items() if value.count('.') == 2]), None)"
    patch.rewrite(session.serve, 'websocket.query_params.get("token")', first)


@fault(breaks=["AUTH-1"])
def refuses_after_the_greeting(patch: Patch) -> None:
    """Who has a bad token is greeted before the connection is closed."""
    new = "await websocket.accept(); await websocket.send_text(GREETING); await websocket.close(4401)"
    patch.rewrite(session.serve, "await _deny(websocket, 401, str(error))", new)


@fault(breaks=["AUTH-1"])
def refuses_with_another_status(patch: Patch) -> None:
    """Who has a bad token is refused with HTTP 400."""
    patch.rewrite(session.serve, "401", "400")


@fault(breaks=["AUTH-1"])
def refuses_with_a_normal_close(patch: Patch) -> None:
    """Who has a bad token gets in, and is told that all is well when the connection is closed."""
    new = "await websocket.accept(); await websocket.close(1000)"
    patch.rewrite(session.serve, "await _deny(websocket, 401, str(error))", new)


@fault(breaks=["AUTH-2"], also=["CALL-2"])
def identity_from_body(patch: Patch) -> None:
    """A request comes from whom its body names, a call too."""
    claimed: ContextVar[UUID | None] = ContextVar("claimed", default=None)

    @patch.around(Context, "user_id")
    def user_id(original, context):
        return claimed.get() or original(context)

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        body = json.loads(frame["text"]) if '_id"' in (frame.get("text") or "") else {}
        named = [body[name] for name in FORGED if body.get(name)]
        claimed.set(UUID(named[0]) if named else None)
        return await original(context, frame)


@fault(breaks=["AUTH-2"])
def identity_from_query(patch: Patch) -> None:
    """The query may name another user than the token does."""
    old = "identity = authenticate(token, settings.jwt_secret, settings.token_leeway)"
    named = "type(identity.user_id)(websocket.query_params.get('user_id') or str(identity.user_id))"
    patch.rewrite(session.serve, old, f"{old}\n        identity = Identity({named}, identity.expires_at)")


@fault(breaks=["AUTH-2"])
def identity_from_a_header(patch: Patch) -> None:
    """A header may name another user than the token does, as a gateway does that has checked the token."""
    old = "identity = authenticate(token, settings.jwt_secret, settings.token_leeway)"
    named = "type(identity.user_id)(websocket.headers.get('x-user-id') or str(identity.user_id))"
    patch.rewrite(session.serve, old, f"{old}\n        identity = Identity({named}, identity.expires_at)")


@fault(breaks=["AUTH-3"])
def no_end_needed(patch: Patch) -> None:
    """A token without exp never ends."""
    patch.rewrite(auth.authenticate, '["exp", "sub"]', '["sub"]')
    patch.rewrite(auth.authenticate, 'claims["exp"]', 'claims.get("exp", 2**33)')


@fault(breaks=["AUTH-3"])
def null_is_no_end(patch: Patch) -> None:
    """A token with null for its exp never ends."""

    @patch.around(auth, "authenticate")
    def authenticate(original, token, secret, leeway):
        try:
            return original(token, secret, leeway)
        except InvalidTokenError:
            with suppress(jwt.PyJWTError, ValueError, TypeError, RecursionError):
                claims = jwt.decode(token or "", secret, algorithms=[auth.ALGORITHM], options={"verify_exp": False})
                if claims.get("exp", 0) is None:
                    return Identity(UUID(claims["sub"]), FAR)
            raise


@fault(breaks=["AUTH-3"])
def no_subject_needed(patch: Patch) -> None:
    """A token without a subject, or with null for it, belongs to somebody."""
    patch.rewrite(auth.authenticate, CHECKS, 'options={"require": ["exp"], "verify_sub": False')
    patch.rewrite(auth.authenticate, 'UUID(claims["sub"])', 'UUID(claims.get("sub") or str(UUID(int=1)))')


@fault(breaks=["AUTH-4"])
def connection_outlives_its_token(patch: Patch) -> None:
    """A token that expires during the connection ends nothing."""
    patch(Connection, "_watch_expiry", lambda _: None)


def _with_token(patch: Patch, kinds: tuple[type, ...], name: str) -> None:
    """Put the token of whoever asks into frames of some types."""
    token: ContextVar[str] = ContextVar("token", default="")

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        token.set(context.connection._websocket.query_params["token"])
        return await original(context, frame)

    @patch.around(events, "encode")
    def encode(original, outgoing):
        text = original(outgoing)
        if not isinstance(outgoing, kinds):
            return text
        return json.dumps({name: f"?token={token.get()}", **json.loads(text)})


@fault(breaks=["AUTH-5"])
def token_in_errors(patch: Patch) -> None:
    """An error repeats the URL of the connection."""
    _with_token(patch, (events.Error,), "url")


@fault(breaks=["AUTH-5"])
def token_in_refusals(patch: Patch) -> None:
    """Who is not let in reads their token in the answer."""

    @patch.around(session, "_deny")
    async def deny(original, websocket, status, reason):
        await original(websocket, status, f"{reason} ({websocket.query_params.get('token')})")


@fault(breaks=["AUTH-5"])
def token_in_events(patch: Patch) -> None:
    """An event says by which URL it came in."""
    _with_token(patch, (events.NewMessage, events.MessageEdited, events.CallOffer), "url")


@fault(breaks=["AUTH-5"])
def token_in_replies(patch: Patch) -> None:
    """A page of history says by which URL it was asked for."""
    _with_token(patch, (events.HistoryChunk,), "url")


@fault(breaks=["AUTH-4"])
def requests_prolong_a_token(patch: Patch) -> None:
    """Each request lets a connection live five seconds longer, whatever its token says."""

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        context.connection._expires_at += 5
        return await original(context, frame)


def _refuse_tokens(patch: Patch, when) -> None:
    """Refuse good tokens with some header or claims."""

    @patch.around(auth, "authenticate")
    def authenticate(original, token, *rest):
        identity = original(token, *rest)
        if when(jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})):
            raise InvalidTokenError("The token says too much.")
        return identity


@fault(breaks=["AUTH-6"])
def unknown_claims_are_refused(patch: Patch) -> None:
    """A token with a claim that the server does not know is refused, as by serde's deny_unknown_fields."""
    _refuse_tokens(patch, lambda _, claims: bool(set(claims) - {"sub", "username", "exp", "iat", "nbf", "jti"}))


@fault(breaks=["AUTH-6"])
def the_type_of_a_token_is_compared_by_letter(patch: Patch) -> None:
    """A token is refused whose header says `jwt` in small letters."""
    _refuse_tokens(patch, lambda header, _: header.get("typ") == "jwt")


def _only(patch: Patch, is_good) -> None:
    """Refuse tokens by one of their claims."""

    @patch.around(auth, "authenticate")
    def authenticate(original, token, secret, leeway):
        identity = original(token, secret, leeway)
        if not is_good(jwt.decode(token, options={"verify_signature": False})):
            raise InvalidTokenError("The token is not valid.")
        return identity


@fault(breaks=["AUTH-6"])
def token_that_begins_at_zero_refused(patch: Patch) -> None:
    """A token whose nbf is 0 is refused."""
    _only(patch, lambda claims: claims.get("nbf") != 0)


@fault(breaks=["AUTH-6"])
def token_valid_later_than_issued_refused(patch: Patch) -> None:
    """A token that became valid later than it was issued is refused."""
    _only(patch, lambda claims: claims.get("nbf", 0) <= claims.get("iat", 2**53))


@fault(breaks=["AUTH-1"])
def accepts_two_parts(patch: Patch) -> None:
    """A token without the part of its signature is accepted."""

    @patch.around(auth, "authenticate")
    def authenticate(original, token, secret, leeway):
        if not token or token.count(".") != 1:
            return original(token, secret, leeway)
        with suppress(jwt.PyJWTError, ValueError, KeyError, TypeError):
            claims = jwt.decode(f"{token}.", options={"verify_signature": False})
            return Identity(UUID(claims["sub"]), float(claims["exp"]))
        raise InvalidTokenError("The token is not valid.")
