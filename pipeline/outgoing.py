"""A merged text as the mail that leaves, and mails as the batch that an ESP takes."""

from __future__ import annotations

from collections.abc import Sequence

from domain.campaign import CampaignId
from domain.personalize import Rendered
from pipeline.esp.port import Batch, Mail
from pipeline.wiring import Deps


def unsubscribe_url(deps: Deps, token: str) -> str:
    """The page where whoever has the token asks for silence."""
    return f"{deps.settings.public_url.rstrip('/')}/u/{token}"


def mail_of(send_id: int, to: str, rendered: Rendered, unsubscribe: str) -> Mail:
    return Mail(
        send_id=send_id,
        to=to,
        subject=rendered.subject,
        text=rendered.text,
        html=rendered.html,
        headers={
            # RFC 8058: both headers, and a POST that needs no further click
            "List-Unsubscribe": f"<{unsubscribe}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    )


def batch_of(
    deps: Deps, batch_id: str, campaign_id: CampaignId, mails: Sequence[Mail]
) -> Batch:
    return Batch(
        batch_id=batch_id,
        campaign_id=campaign_id,
        from_address=deps.settings.mail_from,
        from_name=deps.playbook.footer.sender_name,
        mails=tuple(mails),
    )
