"""Everything that is read for people: plain functions on a connection, no writes.

Each returns frozen values of `domain.views` in a fixed number of indexed statements.
"""

from __future__ import annotations

from storage.queries.canary import points
from storage.queries.cards import campaign_card
from storage.queries.copies import (
    revision,
    revisions,
    variant_card,
    variant_ids,
)
from storage.queries.lines import audiences, campaigns, home, line, live, status
from storage.queries.records import audit, brief_of, incident, request

__all__ = [
    "audiences",
    "audit",
    "brief_of",
    "campaign_card",
    "campaigns",
    "home",
    "incident",
    "line",
    "live",
    "points",
    "request",
    "revision",
    "revisions",
    "status",
    "variant_card",
    "variant_ids",
]
