"""Tell an address outside Slack: intent, call, result; repeated until it is answered."""

from __future__ import annotations

from typing import Final

import structlog

from domain.errors import Overtaken, Refused, TryLater
from domain.incident import Alert, AlertKind, AlertState, retry_alert_after
from domain.postmortem import PostmortemView, alert_payload, markdown
from pipeline import failpoint, webhook
from pipeline.advance import refresh_card
from pipeline.playbook import Playbook
from pipeline.tasks import Task
from pipeline.thread import thread_of
from pipeline.wiring import Deps
from storage import queries

log = structlog.get_logger(__name__)


def alert(deps: Deps, alert_id: int, _version: int) -> None:
    """Post one alert; its key tells a receiver that it has it already.

    Raises:
        TryLater: It was not answered, and is tried again for as long as it takes.
    """
    intended = deps.database.look(lambda store: store.alerts.get(alert_id))
    if intended.state is not AlertState.INTENT:
        raise Overtaken("This alert is settled already.")
    failpoint.hit("alert.before_call")
    try:
        _post(deps, intended)
        failpoint.hit("alert.after_call")
    except TryLater as later:
        _settle(deps, intended, AlertState.INTENT, str(later))
        raise TryLater(
            str(later), retry_after=retry_alert_after(intended.attempts)
        ) from later
    except Refused as refused:
        _settle(deps, intended, AlertState.FAILED, str(refused))
        return
    _settle(deps, intended, AlertState.DELIVERED, None)


def give_up(deps: Deps, alert_id: int, reason: str) -> None:
    """A bug, five times: the card says that nobody outside was told."""
    found = deps.database.look(lambda store: store.alerts.get(alert_id))
    if found.state is AlertState.INTENT:
        _settle(deps, found, AlertState.FAILED, reason)


def _post(deps: Deps, intended: Alert) -> None:
    incident = deps.database.look(
        lambda store: store.incidents.get(intended.incident_id)
    )
    facts = deps.playbook.view_facts
    view = deps.database.read(queries.postmortem, incident.campaign_id, facts)
    if intended.kind is AlertKind.DOCUMENT:
        _share(deps, view)
        return
    on_call = deps.playbook.on_call
    is_page = intended.kind is AlertKind.PAGE
    url = on_call.page_url if is_page else on_call.ticket_url
    if not url:
        raise Refused("oncall.yaml names no address for it any more")
    webhook.post(
        url,
        alert_payload(intended, view, names_of(deps.playbook)),
        key=deps.settings.webhook_key.get_secret_value(),
        idempotency_key=intended.key,
        now=deps.clock(),
    )


def _share(deps: Deps, view: PostmortemView) -> None:
    """Put the document into the thread.

    Slack has no idempotency key: an answer that is lost may leave two copies, never
    none.
    """
    number = view.incident.campaign_id
    thread = thread_of(deps, number)
    deps.slack.share_file(
        channel=thread.channel,
        thread_ts=thread.ts,
        filename=f"postmortem-{number}.md",
        title=f"Postmortem of #{number}",
        comment=f"The postmortem of #{number}, as the record has it now.",
        data=markdown(view, names_of(deps.playbook)).encode(),
    )


def names_of(playbook: Playbook) -> dict[str, str]:
    """Slack user id to name of everybody on the desk."""
    people = playbook.everyone.people
    return {user: person.name for user, person in people.items()}


def _settle(deps: Deps, intended: Alert, state: AlertState, error: str | None) -> None:
    with deps.database.begin() as store:
        incident = store.incidents.get(intended.incident_id)
        campaign = store.campaigns.lock(incident.campaign_id)
        if store.alerts.get(intended.id).version != intended.version:
            # another delivery of this job was quicker; twice is as once for the receiver
            return
        settled = store.alerts.swap(intended, state, error=error)
        if state is not AlertState.INTENT:
            store.audit.append(
                campaign.id,
                f"{intended.kind}_{state}",
                actor="desk",
                detail={"host": intended.host, **({"reason": error} if error else {})},
            )
        refresh_card(store, campaign, f"alert{settled.id}.{settled.version}")
    log.info("alert.settled", kind=intended.kind, state=state, error=error)


TASK: Final = Task(
    name="alert", queue="rollback", run=alert, give_up=give_up, needs_no_broker=True
)
