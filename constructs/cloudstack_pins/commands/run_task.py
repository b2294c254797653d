"""``cloudstack-pins run-task serve``: the service that reviews and activates inside runs of HCP Terraform."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from typing import Annotated

import typer

from cloudstack_pins.errors import SettingsError

app = typer.Typer(help="Review plans and activate pins inside the runs of HCP Terraform.", rich_markup_mode=None)


@app.callback()
def _group() -> None:
    """Review plans and activate pins inside the runs of HCP Terraform."""


@app.command()
def serve(
    settings: Annotated[Path, typer.Option(metavar="FILE", help="The TOML file of the service.")] = Path(
        "run-task.toml"
    ),
    host: Annotated[str, typer.Option(help="The address to listen on; a TLS proxy stands before it.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on; 0: a free one.")] = 8080,
    accept_unsigned_requests: Annotated[
        bool, typer.Option("--accept-unsigned-requests", help="For trials only: start without an HMAC key.")
    ] = False,
) -> None:
    """Serve POST /post-plan and /post-apply, GET /healthz and /metrics, until SIGTERM or Ctrl-C.

    The HMAC key comes from CLOUDSTACK_PINS_HMAC_KEY, the CloudStack access from CLOUDSTACK_API_URL, _API_KEY and
    _SECRET_KEY.
    """
    import logging

    import uvicorn

    from cloudstack_pins.run_task.app import build
    from cloudstack_pins.run_task.hcp import Hcp
    from cloudstack_pins.run_task.metrics import Metrics
    from cloudstack_pins.run_task.server import quiet_server
    from cloudstack_pins.run_task.settings import load
    from cloudstack_pins.run_task.stages import Stages
    from cloudstack_pins.run_task.worker import Worker

    logging.getLogger("cloudstack_pins").setLevel(logging.INFO)
    loaded = load(settings, os.environ, without_key=accept_unsigned_requests)
    if loaded.hmac_key is None:
        typer.echo(
            "cloudstack-pins: WARNING: requests are not verified; anybody who reaches this port is obeyed", err=True
        )
    hcp = Hcp(
        loaded.origins,
        retry_seconds=loaded.retry_seconds,
        download_seconds=loaded.download_seconds,
        callback_seconds=loaded.callback_seconds,
    )
    stages = Stages(loaded, hcp, os.environ)
    stages.check()
    metrics = Metrics()
    worker = Worker(
        {"post_plan": stages.post_plan, "post_apply": stages.post_apply},
        hcp,
        metrics,
        deadline_seconds=loaded.deadline_seconds,
        update_seconds=loaded.update_seconds,
    )
    with _listening(host, port) as listener:
        config = uvicorn.Config(build(loaded, worker, metrics), log_level="warning", access_log=False, lifespan="on")
        typer.echo(f"listening on http://{host}:{listener.getsockname()[1]}")
        sys.stdout.flush()
        quiet_server(config).run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    """Bind at once, so that the port is known and taken before anything is said."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=128)
    except OSError as error:
        raise SettingsError(
            f"{host}:{port} cannot be listened on ({error}); choose another --host or --port"
        ) from error
