"""Errors as answers of the API: every refusal has the same documented body, whatever refused it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler, Middleware
from pydantic import ValidationError

from mcsyncd import api
from mcsyncd.daemon.client_gate import BODY_S
from mcsyncd.errors import (
    BadMedia,
    Conflict,
    LedgerUnavailable,
    McsyncError,
    NotPermitted,
    Unavailable,
    UnknownSession,
    UsageError,
    is_passing,
    suggest_repair,
)

_STATUS_AND_CODE: tuple[tuple[type[McsyncError], int, api.ProblemCode], ...] = (
    (UnknownSession, 404, "unknown_session"),
    (UsageError, 400, "invalid_request"),
    (NotPermitted, 403, "not_permitted"),
    (Conflict, 412, "conflict"),
    (BadMedia, 422, "bad_media"),
    (Unavailable, 503, "unavailable"),
    (LedgerUnavailable, 503, "unavailable"),
    (McsyncError, 500, "failed"),
)
"""HTTP status (RFC 9110) and code of each error; the first class that fits counts. As in docs/api.md."""
_CODE_BY_STATUS: dict[int, api.ProblemCode] = {
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
}
"""Codes of the refusals of aiohttp itself; any other 4xx is an invalid request."""

log = structlog.get_logger("mcsyncd.api")


def build_error_middleware(find_session: Callable[[str], api.SessionBody | None]) -> Middleware:
    """Return the middleware that turns every error of a request into a `ProblemBody`.

    `find_session` gives the present session for a conflict.
    """

    @web.middleware
    async def handle_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            await _read_body(request)
            return await handler(request)
        except web.HTTPException as refusal:
            return _build_http_problem(request, refusal)
        except ValidationError as error:
            details = "; ".join(one["msg"] for one in error.errors(include_url=False))
            return _build_problem(UsageError(f"invalid request body: {details}", "see docs/api.md"))
        except Conflict as error:
            return _build_problem(error, find_session(request.match_info.get("session", "")))
        except McsyncError as error:
            return _build_problem(error)
        except ConnectionError:
            raise
        except Exception as error:  # noqa: BLE001  # logged there, or named
            return _report_failure(request, error)

    return handle_errors


def _report_failure(request: web.Request, error: Exception) -> web.Response:
    """Return the answer to a request that failed: it names a disk that fails, and logs what is a fault."""
    if isinstance(error, OSError) and is_passing(error):
        message = f"{error.filename or request.path}: {error.strerror}"
        return _build_problem(Unavailable(message, suggest_repair(error)))
    log.error("a request failed", path=request.path, exc_info=error)
    body = api.ProblemBody(code="internal", message="internal error", hint="see `journalctl -u mcsyncd`")
    return build_response(body, 500)


async def _read_body(request: web.Request) -> None:
    """Read the body before the request is handled, in limited time; it is kept with the request."""
    if request.body_exists:
        try:
            async with asyncio.timeout(BODY_S):
                await request.read()
        except TimeoutError:
            raise web.HTTPRequestTimeout from None


def build_response(body: api.ApiBody, status: int = 200) -> web.Response:
    """Return a body as a JSON response."""
    return web.Response(text=body.model_dump_json(), content_type="application/json", status=status)


def choose_status_and_code(error: McsyncError) -> tuple[int, api.ProblemCode]:
    """Return the HTTP status of an error and the API's word for it."""
    return next((status, code) for kind, status, code in _STATUS_AND_CODE if isinstance(error, kind))


def _build_problem(error: McsyncError, current: api.SessionBody | None = None) -> web.Response:
    status, code = choose_status_and_code(error)
    body = api.ProblemBody(code=code, message=error.message, hint=error.hint, current=current)
    return build_response(body, status)


def _build_http_problem(request: web.Request, refusal: web.HTTPException) -> web.Response:
    """Turn a refusal of aiohttp (an unknown path, another method) into our body; keep its headers."""
    if refusal.status < 400:
        raise refusal
    code = _CODE_BY_STATUS.get(refusal.status, "invalid_request" if refusal.status < 500 else "internal")
    body = api.ProblemBody(
        code=code, message=f"{request.method} {request.path}: {refusal.reason}", hint="see docs/api.md"
    )
    response = build_response(body, refusal.status)
    if "Allow" in refusal.headers:
        response.headers["Allow"] = refusal.headers["Allow"]
    return response
