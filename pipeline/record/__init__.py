"""The only functions that add facts; each calls `advance` when a fact causes a move.

All are synchronous, take a `Store` first, and run in the caller's transaction.
"""

from __future__ import annotations

from pipeline.record.actions import action_done, add_action, remind_of_actions
from pipeline.record.alerts import post_document
from pipeline.record.audiences import Saved, compute_rfm, forget, save_segment
from pipeline.record.briefs import brief, cancel, change_brief, channel_joined
from pipeline.record.bulk import approve_passing
from pipeline.record.canary import (
    expand,
    extend,
    hold,
    judge_due,
    raise_alarm,
    resolve_chunk,
)
from pipeline.record.comments import accept, comment, decline, suggest
from pipeline.record.comparisons import post_comparison
from pipeline.record.conversions import Converted, conversions
from pipeline.record.digests import digest_due, learn_zone
from pipeline.record.events import Ingested, esp_events, unsubscribe
from pipeline.record.exports import export, exported
from pipeline.record.exposures import Taken, check_post, site_events
from pipeline.record.freezes import Lift, freeze, lift
from pipeline.record.incidents import (
    close_incident,
    contained,
    page_if_late,
    pinned,
    say_cause,
)
from pipeline.record.members import (
    ask_due,
    ask_everyone_again,
    group_changed,
    group_closed,
    group_seen,
    members_left,
    person_changed,
    person_seen,
)
from pipeline.record.merging import merged, preview_as, preview_by_address
from pipeline.record.overdue import overdue, remind
from pipeline.record.pools import Assigned, assign
from pipeline.record.preferences import set_preferences
from pipeline.record.retries import retry
from pipeline.record.reviews import approve, reject
from pipeline.record.rollbacks import RolledBack, roll_back, rollback_reason
from pipeline.record.send_again import send_again
from pipeline.record.stages import open_review
from pipeline.record.strategy import approve_strategy, ask_for_changes, look_again
from pipeline.record.thaws import go_on
from pipeline.record.undo import undo
from pipeline.record.uploads import (
    cancel_upload,
    import_upload,
    map_upload,
    open_upload,
    upload,
)
from pipeline.record.words import drafted, edit, linted, regenerate, write_failed

__all__ = [
    "Assigned",
    "Converted",
    "Ingested",
    "Lift",
    "RolledBack",
    "Saved",
    "Taken",
    "accept",
    "action_done",
    "add_action",
    "approve",
    "approve_passing",
    "approve_strategy",
    "ask_due",
    "ask_everyone_again",
    "ask_for_changes",
    "assign",
    "brief",
    "cancel",
    "cancel_upload",
    "change_brief",
    "channel_joined",
    "check_post",
    "close_incident",
    "comment",
    "compute_rfm",
    "contained",
    "conversions",
    "decline",
    "digest_due",
    "drafted",
    "edit",
    "esp_events",
    "expand",
    "export",
    "exported",
    "extend",
    "forget",
    "freeze",
    "go_on",
    "group_changed",
    "group_closed",
    "group_seen",
    "hold",
    "import_upload",
    "judge_due",
    "learn_zone",
    "lift",
    "linted",
    "look_again",
    "map_upload",
    "members_left",
    "merged",
    "open_review",
    "open_upload",
    "overdue",
    "page_if_late",
    "person_changed",
    "person_seen",
    "pinned",
    "post_comparison",
    "post_document",
    "preview_as",
    "preview_by_address",
    "raise_alarm",
    "regenerate",
    "reject",
    "remind",
    "remind_of_actions",
    "resolve_chunk",
    "retry",
    "roll_back",
    "rollback_reason",
    "save_segment",
    "say_cause",
    "send_again",
    "set_preferences",
    "site_events",
    "suggest",
    "undo",
    "unsubscribe",
    "upload",
    "write_failed",
]
