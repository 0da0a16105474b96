"""Everything that is read for people: plain functions on a connection, no writes.

Each returns frozen values of `domain.views` in a fixed number of indexed statements.
"""

from __future__ import annotations

from storage.members import is_concerned, roster
from storage.preferences import digest_readers, preferences_of
from storage.queries.arms import arms
from storage.queries.audiences import (
    audience_events,
    audience_view,
    export_audience,
)
from storage.queries.canary import points
from storage.queries.cards import campaign_card
from storage.queries.comments import comments_to_post, suggestions_of
from storage.queries.comparison import (
    campaign_of,
    comparison,
    comparisons_to_post,
)
from storage.queries.control import control
from storage.queries.copies import (
    revision,
    revisions,
    variant_card,
    variant_ids,
)
from storage.queries.crowds import sampled_recipient, value_counts
from storage.queries.decided import effects
from storage.queries.freezes import covered_by, freezes, past_freezes
from storage.queries.home import digest, home, passing
from storage.queries.lines import audiences, campaigns, line, lists, live, status
from storage.queries.newest import newest_card
from storage.queries.pools import assigning, assignments
from storage.queries.postmortem import postmortem
from storage.queries.records import audit, brief_of, incident, request
from storage.queries.slots import showing, slot_standing, slot_version
from storage.queries.stage_metrics import stage_metrics
from storage.queries.strategy import brief_version, strategy_decision
from storage.queries.undo import undone, withdrawn

__all__ = [
    "arms",
    "assigning",
    "assignments",
    "audience_events",
    "audience_view",
    "audiences",
    "audit",
    "brief_of",
    "brief_version",
    "campaign_card",
    "campaign_of",
    "campaigns",
    "comments_to_post",
    "comparison",
    "comparisons_to_post",
    "control",
    "covered_by",
    "digest",
    "digest_readers",
    "effects",
    "export_audience",
    "freezes",
    "home",
    "incident",
    "is_concerned",
    "line",
    "lists",
    "live",
    "newest_card",
    "passing",
    "past_freezes",
    "points",
    "postmortem",
    "preferences_of",
    "request",
    "revision",
    "revisions",
    "roster",
    "sampled_recipient",
    "showing",
    "slot_standing",
    "slot_version",
    "stage_metrics",
    "status",
    "strategy_decision",
    "suggestions_of",
    "undone",
    "value_counts",
    "variant_card",
    "variant_ids",
    "withdrawn",
]
