"""The practice ESP as one aiohttp application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Final

from aiohttp import web

from practice.esp import api, guards, pages, ses, sns, sparkpost, switchboard
from practice.esp.config import PracticeEsp
from practice.esp.database import open_database
from practice.esp.faults import Faults
from practice.esp.keys import CONFIG, DB, FAULTS, POSTMAN, SIGNER, SMTP_PORT, TOPIC
from practice.esp.sending import mail_send
from practice.esp.smtp import mail_server
from practice.esp.sns import Topic
from practice.esp.webhook import Postman, Signer

# SendGrid: a whole mail/send request, attachments included, is under 30 MB.
MAX_BODY: Final = 30 * 1024 * 1024


def build_app(config: PracticeEsp) -> web.Application:
    """An ESP over HTTP that keeps its state in `config.data_dir`."""
    app = web.Application(
        client_max_size=MAX_BODY,
        middlewares=[
            guards.only_from_here,
            guards.unless_away,
            guards.errors_as_json,
            guards.rate_limited(),
            guards.with_key,
            ses.with_key,
        ],
    )
    app[CONFIG] = config
    app.add_routes([web.post("/v3/mail/send", mail_send)])
    app.add_routes(api.routes())
    app.add_routes(sparkpost.routes())
    app.add_routes(ses.routes())
    app.add_routes(pages.routes())
    app.add_routes(switchboard.routes())
    if config.vendor == "ses":
        app[TOPIC] = Topic(config.data_dir, config.clock)
        app.add_routes(sns.routes(app[TOPIC]))
    app.cleanup_ctx.append(_resources)
    app.on_shutdown.append(_let_go)
    return app


async def _resources(app: web.Application) -> AsyncIterator[None]:
    config = app[CONFIG]
    db = open_database(config.data_dir)
    app[DB], app[SIGNER] = db, Signer(config.data_dir)
    app[FAULTS] = Faults(config.stall)
    app[POSTMAN] = postman = Postman(db, config, app[SIGNER], app.get(TOPIC))
    pump = asyncio.create_task(postman.run()) if config.pump else None
    async with AsyncExitStack() as stack:
        if config.vendor == "smtp":
            app[SMTP_PORT] = await stack.enter_async_context(mail_server(app))
        yield
    await postman.close()
    if pump is not None:
        await pump
    db.close()


async def _let_go(app: web.Application) -> None:
    """Release callers kept waiting by a fault, so that stopping is quick."""
    app[FAULTS].closing.set()
