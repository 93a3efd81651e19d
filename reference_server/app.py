"""One instance as an ASGI application."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response, WebSocket
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.middleware.cors import CORSMiddleware
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from reference_server import api, api_page, metrics, session
from reference_server.config import Settings
from reference_server.context import Instance
from reference_server.outages import FAILURES
from reference_server.services import Services
from reference_server.transport import line_in


class _Chat(FastAPI):
    """FastAPI, and a short way for WebSockets: what it has between, each connection would hold in memory."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or connection."""
        if scope["type"] != "websocket" or scope["path"] != "/ws":
            await super().__call__(scope, receive, send)
            return
        line = line_in(scope)
        line.is_direct = send == line.send
        scope["app"] = self
        await session.serve(self.state.instance, WebSocket(scope, receive, send))


def create_app(settings: Settings, services: Services, pages: Sequence[BaseRoute] = ()) -> FastAPI:
    """Build one instance, with pages beside the chat; several in one process share their services.

    Example:
        services = Services(open_database("sqlite:///chat.db"))
        apps = [create_app(settings, services) for _ in range(2)]
    """
    instance = Instance(settings, services)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        instance.typing.close()

    app = _Chat(
        title="Reference chat server",
        openapi_url="/openapi.json" if settings.docs else None,
        docs_url=None,  # FastAPI's own pages load scripts from the network
        redoc_url=None,
        lifespan=lifespan,
    )
    app.state.instance = instance
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "POST", "PUT", "DELETE"],
            allow_headers=["Authorization", "Content-Type"],
            expose_headers=["Retry-After"],
        )
    app.include_router(api.open_router)
    app.include_router(api.router)
    app.add_exception_handler(RequestValidationError, _bad_body)
    for failure in FAILURES:
        app.add_exception_handler(failure, _unavailable)

    async def give_metrics(_request: Request) -> Response:
        return Response(services.metrics.page(), media_type=metrics.CONTENT_TYPE)

    async def give_docs(_request: Request) -> Response:
        return HTMLResponse(api_page.describe(app.openapi()), headers=api_page.HEADERS)

    app.router.routes.extend(pages)
    if settings.docs:
        app.router.routes.append(Route("/docs", give_docs))
    if settings.metrics:
        app.router.routes.append(Route("/metrics", give_metrics))

    return app


async def _bad_body(_request: Request, error: Exception) -> JSONResponse:
    """Say where a body is wrong, without repeating it: it may hold text that JSON cannot."""
    assert isinstance(error, RequestValidationError)
    wrong = [{"loc": each["loc"], "msg": each["msg"], "type": each["type"]} for each in error.errors()]
    return JSONResponse({"detail": wrong}, 422)


async def _unavailable(request: Request, error: Exception) -> JSONResponse:
    """Say why a request cannot be carried out now."""
    instance: Instance = request.app.state.instance
    cause = instance.services.outages.note(error)
    if cause is None:
        raise error
    return JSONResponse({"detail": f"database: {cause}"}, 503, {"Retry-After": "1"})
