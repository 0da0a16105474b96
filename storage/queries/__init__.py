"""Everything that is read for people: plain functions on a connection, no writes.

Each returns frozen values of `domain.views` in a fixed number of indexed statements.
"""

from __future__ import annotations

from storage.preferences import preferences_of
from storage.queries.canary import points
from storage.queries.cards import campaign_card
from storage.queries.comments import comments_to_post, suggestions_of
from storage.queries.comparison import campaign_of, comparison
from storage.queries.copies import (
    revision,
    revisions,
    variant_card,
    variant_ids,
)
from storage.queries.decided import effects
from storage.queries.home import home, passing
from storage.queries.lines import audiences, campaigns, line, live, status
from storage.queries.pools import assigning, assignments
from storage.queries.records import audit, brief_of, incident, request
from storage.queries.strategy import brief_version, strategy_decision
from storage.queries.undo import undone, withdrawn

__all__ = [
    "assigning",
    "assignments",
    "audiences",
    "audit",
    "brief_of",
    "brief_version",
    "campaign_card",
    "campaign_of",
    "campaigns",
    "comments_to_post",
    "comparison",
    "effects",
    "home",
    "incident",
    "line",
    "live",
    "passing",
    "points",
    "preferences_of",
    "request",
    "revision",
    "revisions",
    "status",
    "strategy_decision",
    "suggestions_of",
    "undone",
    "variant_card",
    "variant_ids",
    "withdrawn",
]
