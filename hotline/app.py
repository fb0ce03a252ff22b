"""Wires the web application together; nothing else builds these parts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from aiohttp import web

from config.audit_limits import load_audit_limits
from config.files import ConfigFiles
from config.settings import Settings
from hotline.accounts.permissions import check_role_names
from hotline.audit.chain import audit_key
from hotline.audit.reach import warn_of_reach
from hotline.console.pages import add_console
from hotline.database import close_pool, open_pool
from hotline.embedded.servers import ServerUrls
from hotline.intake.gate import IntakeGate
from hotline.intake.line_profiles import LineProfiles
from hotline.migrations.migrate import check_schema
from hotline.published import Published
from hotline.sealing.opening import check_key_file, open_vault
from hotline.signals import Signals
from hotline.web.authentication import answer_errors, authenticate, check_routes
from hotline.web.bodies import answer_rejected_bodies
from hotline.web.clients import know_client
from hotline.web.headers import protect
from hotline.web.hub import EventHub
from hotline.web.keys import SERVICES, Services
from hotline.web.limits import MAX_BODY_BYTES, MAX_FORM_FIELDS, limit_body
from hotline.web.logs import bind_request
from hotline.web.metrics import measure
from hotline.web.routes import add_api
from routing.sealing import Vault
from routing.supervision.rules import load_supervision
from routing.transfers.exchange import NoExchange

if TYPE_CHECKING:
    from hotline.tracing import CallTraces


async def make_app(settings: Settings, urls: ServerUrls) -> web.Application:
    """The application with everything it needs; raises before it listens when anything is missing.

    Raises ConfigError, PolicyError, ProfileError, SecretKeyError,
    DatabaseUnreachable, SchemaOutdated or RouteWithoutPermission.
    """
    check_key_file(settings)
    files = ConfigFiles(settings.config_dir)
    published = Published(files)
    profiles = LineProfiles(files)
    check_role_names(settings.accounts.second_factor_roles)
    oidc = None
    if settings.accounts.oidc is not None:
        # who has no such provider does not wait for its libraries
        from hotline.accounts.oidc import Provider

        oidc = Provider(settings.accounts.oidc)
    app = web.Application(
        middlewares=[
            know_client(settings.listening),
            bind_request,
            measure,
            answer_errors,
            limit_body,
            answer_rejected_bodies,
            authenticate,
        ],
        client_max_size=MAX_BODY_BYTES,
        client_max_fields=MAX_FORM_FIELDS,
    )
    app.on_response_prepare.append(protect)
    add_api(app)
    add_console(app)
    check_routes(app)
    limits = settings.durability
    pool = await open_pool(
        urls.database_url,
        settings.pool_size,
        statement_limit_s=limits.statement_limit_s,
        lock_limit_s=limits.lock_limit_s,
    )
    try:
        async with pool.acquire() as connection:
            await check_schema(connection)
            await warn_of_reach(connection)
        vault = await open_vault(settings, urls)
        await published.refresh(pool, force=True)
        await profiles.refresh(pool, force=True)
    except BaseException:
        await close_pool(pool)
        raise
    signals = Signals(urls.redis_url)
    traces = open_traces(settings, vault, "web")
    if traces is not None:
        from hotline.web.journeys import trace_requests

        app.middlewares.append(trace_requests(traces))
    hub = EventHub(pool, signals, traces)
    app[SERVICES] = Services(
        settings=settings,
        pool=pool,
        signals=signals,
        published=published,
        vault=vault,
        profiles=profiles,
        hub=hub,
        journey=traces,
        exchange=NoExchange(),
        oidc=oidc,
        audit_key=audit_key(vault.ring),
        audit_limits=load_audit_limits(files),
        supervision=load_supervision(files),
        intake=IntakeGate(limits.intake_bytes, limits.intake_waiting),
    )

    async def run(app: web.Application) -> AsyncIterator[None]:
        await hub.start()
        yield
        await signals.close()
        await close_pool(pool)
        if traces is not None:
            await asyncio.to_thread(traces.close)

    async def end_streams(app: web.Application) -> None:
        await hub.stop()

    app.cleanup_ctx.append(run)
    # before the server waits for open connections, which event streams never end by themselves
    app.on_shutdown.append(end_streams)
    return app


def open_traces(settings: Settings, vault: Vault, process: str) -> CallTraces | None:
    """What follows calls on their way in this process; None where no collector is set."""
    operation = settings.operation
    if operation.otlp_endpoint is None:
        return None
    # OpenTelemetry takes a third of a second to import; who does not trace does not wait for it
    from hotline.tracing import CallTraces

    return CallTraces(operation.otlp_endpoint, vault, process=process, percent=operation.trace_percent)
