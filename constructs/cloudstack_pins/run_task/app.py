"""The endpoints: check the signature before anything is read, answer at once, leave the work to the worker."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from cloudstack_pins.errors import RunTaskError
from cloudstack_pins.run_task.metrics import Metrics
from cloudstack_pins.run_task.outcomes import TaskResult
from cloudstack_pins.run_task.request import PAYLOAD_VERSION, SIGNATURE_HEADER, TaskRequest, is_signed, parse
from cloudstack_pins.run_task.settings import Settings
from cloudstack_pins.run_task.worker import Worker

_LOG = logging.getLogger(__name__)


class _Refused(Exception):
    """A request that gets an HTTP status and nothing else."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status
        self.text = text


def build(settings: Settings, worker: Worker, metrics: Metrics) -> Starlette:
    """Return the ASGI application; when it ends, so does all work, with its result sent."""

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await run_sync(worker.drain)

    def endpoint(stage: str) -> Route:
        async def answer(http: Request) -> Response:
            return await _answer(http, stage, settings, worker, metrics)

        return Route(f"/{stage.replace('_', '-')}", answer, methods=["POST"])

    async def healthz(_http: Request) -> Response:
        return PlainTextResponse("stopping" if worker.is_stopping else "ok", 503 if worker.is_stopping else 200)

    async def show_metrics(_http: Request) -> Response:
        return Response(metrics.text(running=worker.running), media_type=metrics.media_type)

    return Starlette(
        routes=[
            endpoint("post_plan"),
            endpoint("post_apply"),
            Route("/healthz", healthz),
            Route("/metrics", show_metrics),
        ],
        lifespan=lifespan,
    )


async def _answer(http: Request, stage: str, settings: Settings, worker: Worker, metrics: Metrics) -> Response:
    try:
        request = parse(await _signed_body(http, settings))
        if not request.is_test:
            settings.origins.require_api(request.callback_url)
        if worker.is_stopping:
            raise _Refused(503, "the service is stopping; HCP Terraform tries again")
    except _Refused as refused:
        metrics.received(stage, str(refused.status))
        return JSONResponse({"error": refused.text}, refused.status)
    except RunTaskError as error:
        metrics.received(stage, "422")
        return JSONResponse({"error": str(error)}, 422)
    metrics.received(stage, "200")
    _dispatch(request, stage, settings, worker)
    return JSONResponse({})


def _dispatch(request: TaskRequest, stage: str, settings: Settings, worker: Worker) -> None:
    if request.is_test:
        return
    problem = _problem(request, stage, settings)
    if problem is not None:
        worker.answer(request, TaskResult(status="failed", message=problem))
    elif not worker.submit(request):
        _LOG.info("%s of run %s came again and runs already", stage, request.run_id)


def _problem(request: TaskRequest, stage: str, settings: Settings) -> str | None:
    path = f"/{stage.replace('_', '-')}"
    if request.payload_version != PAYLOAD_VERSION:
        return f"payload_version {request.payload_version} is not known to this service, which knows {PAYLOAD_VERSION}"
    if request.stage != stage:
        return f"{path} takes the stage {stage}, not {request.stage}; give the run task of that stage its own address"
    if not settings.serves(request.organization, request.workspace):
        return (
            f"the workspace {request.organization}/{request.workspace} is not served here; "
            "add it to [organizations] of the service's settings, or take the run task off the workspace"
        )
    return None


async def _signed_body(http: Request, settings: Settings) -> bytes:
    body = bytearray()
    try:
        with anyio.fail_after(settings.request_seconds):
            async for chunk in http.stream():
                body += chunk
                if len(body) > settings.body_limit:
                    raise _Refused(413, f"the body is larger than {settings.body_limit} bytes")
    except TimeoutError as error:
        raise _Refused(408, "the body took too long") from error
    except ClientDisconnect as error:
        raise _Refused(400, "the body ended early") from error
    whole = bytes(body)
    key = settings.hmac_key
    if key is not None and not is_signed(whole, http.headers.get(SIGNATURE_HEADER, ""), key):
        raise _Refused(401, "the signature does not fit; check the HMAC key of the run task")
    return whole
