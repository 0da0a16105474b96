"""Who may do anything here at all, and who may push a campaign on."""

from __future__ import annotations

from domain.campaign import Campaign
from domain.errors import NotYourTurn
from domain.review import Team
from pipeline.playbook import Playbook


def require_role(team: Team, actor: str) -> None:
    """Refuse a person whom team.yaml does not name, or whom Slack says is no member.

    Raises:
        NotYourTurn: Says why, or who can add them.
    """
    team.check_not_barred(actor)
    if not team.has_any_role(actor):
        raise NotYourTurn(
            "You have no role on this desk yet;"
            " whoever keeps playbook/team.yaml can add you."
        )


def require_own_team(playbook: Playbook, campaign: Campaign, actor: str) -> None:
    """Stopping is everybody's; setting more going is the campaign's own team's.

    Raises:
        NotYourTurn: The person has no role on the campaign's team.
    """
    team = playbook.of(campaign.team).team
    if not team.has_any_role(actor):
        raise NotYourTurn(
            f"#{campaign.id} is another team's campaign. You may hold it or roll it back;"
            " what sends more of it takes a role on its team."
        )
