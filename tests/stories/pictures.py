"""What each picture under docs/images shows; the index is written from this table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tests.stories.stage import IMAGES

GALLERY_FOLDER: Final = "states"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture of the gallery.

    Attributes:
        kind: campaign, variant, message, view or home.
        name: The state's name in the tables of tests/blocks.
        look: "", "phone" (390 px) or "dark".
    """

    kind: str
    name: str
    line: str
    look: str = ""

    @property
    def file(self) -> str:
        parts = (self.look, self.kind, self.name.removeprefix("home_"))
        return "-".join(part for part in parts if part).replace("_", "-")


def _all(kind: str, lines: dict[str, str], look: str = "") -> tuple[Picture, ...]:
    return tuple(
        Picture(kind=kind, name=name, line=line, look=look)
        for name, line in lines.items()
    )


_CAMPAIGN: Final = {
    "awaiting_brand_lead": "Tier A, before anything is written: a brand lead is asked",
    "awaiting_brand_lead_escalated": "A strategy is overdue: others are asked to step in",
    "awaiting_brand_lead_again": "The changed brief, and what changed in it",
    "changes_asked": "The brand lead asked for changes",
    "strategy_approved": "The strategy is approved, the variants are being written",
    "writing": "Writing: one written, one under way, one the model gave no answer for",
    "drafted": "Drafted, being linted",
    "linted": "Linted, review opens",
    "in_review": "In copy review, the first stage",
    "in_review_assigned": "In review, with one person of the pool asked",
    "in_review_nobody_here": "Everybody in the pool is out of office",
    "in_review_reminded": "Those asked have been reminded",
    "in_review_overdue": "In review and overdue",
    "in_review_escalated": "Overdue, and the brand lead is asked to step in",
    "in_review_passes_by_itself": "Tier C: what happens if nobody decides",
    "in_review_spot_check": "Tier C, drawn for a spot check",
    "in_review_of_a_raised_tier": "A raised tier says why, and that it takes two people",
    "in_review_nobody_asked": "In review, and nobody holds the role",
    "in_review_side_by_side": "Two stages are asked at the same time",
    "in_review_one_side_through": "One of them has approved, the other is waited for",
    "in_second_stage": "In the second stage; who approved the first",
    "approved": "Approved, being scheduled",
    "passed_by_itself": "Tier C passed by itself",
    "scheduled": "Scheduled for tomorrow",
    "canary": "The canary is out and counted",
    "canary_small": "A canary that cannot see complaints",
    "scheduled_blind_seeds": "Scheduled, and the canary will not see complaints",
    "canary_blind_seeds": "Seed mails are out to the team, who look before they expand",
    "canary_seeds_unknown": "Nobody knows whether the seed mails left",
    "canary_unknown_chunks": "A send that was never answered asks a person",
    "held": "Held, and who may decide what",
    "held_second_person": "One person asked to expand; a second has to confirm",
    "expanding": "Expanding by itself",
    "sent": "Sent",
    "rolled_back_by_itself": "Rolled back by itself",
    "rolled_back_by_hand": "Rolled back by a person",
    "rejected": "Rejected, by whom and why",
    "cancelled": "Cancelled",
    "parked_before_sending": "Parked before anything was sent",
    "parked_while_sending": "Parked while sending",
    "hostile": "A title full of markup stays text",
}
_VARIANT: Final = {
    "being_rewritten": "Being rewritten as asked",
    "being_checked": "Being checked",
    "asked": "Passes lint and waits for a decision",
    "asked_nobody_here": "Everybody in the pool is out of office",
    "asked_side_by_side": "Two stages are asked at the same time: an Approve for each",
    "asked_with_notes": "Passes with notes",
    "blocked": "Blocked: Approve is off until the text changes",
    "edited": "Edited by a person",
    "approval_holds": "An approval of an earlier revision still holds",
    "approved": "Approved",
    "approved_a_moment_ago": "Approved a moment ago: Undo",
    "asked_again_a_moment_ago": "Undo while the next stage is asked already",
    "approved_by_one_of_two": "Approved by one of two",
    "next_stage_withdrawn": "A decision was taken back; the next stage is withdrawn",
    "passed_by_itself": "Passed by itself",
    "rejected": "Rejected, by whom and why",
    "rejected_a_moment_ago": "Rejected a moment ago: Undo",
    "shelved": "Shelved: enough others went on",
    "failed": "Not written",
    "by_a_model": "Written by a connected model",
    "long": "A long body, cut, with Read all",
}
_MESSAGE: Final = {
    "asked": "Who decides next",
    "changed": "What an edit changed",
    "changed_approved": "An edit of an approved text: whose approval is void, and whose holds",
    "stage_passed": "A stage is through",
    "strategy_asked": "A strategy waits for a brand lead",
    "strategy_given_back": "The brand lead's wish, for the author",
    "strategy_escalated": "No brand lead decided: somebody else is asked to step in",
    "digest": "The daily digest: what waits, what is late in the pool, one's own briefs",
    "reminded": "The one reminder",
    "escalated": "Nobody decided: somebody else is asked to step in",
    "assigned_by_a_person": "The review was given to somebody else",
    "handed_on": "The review was handed on: its first reviewer went away",
    "nobody_here": "Everybody in the pool is out of office: somebody is told",
    "comment": "A comment quotes the words it is about",
    "suggestion": "A suggestion, word by word, for its owner",
    "suggestion_accepted": "A suggestion that was accepted",
    "suggestion_overtaken": "A suggestion that came too late",
    "undone_after_the_stage": "A decision was taken back, and who need not look now",
    "incident": "The incident notice with its timeline",
    "alarm_nobody_paged": "A rollback is not contained in time, and nobody was paged",
    "bot_not_in_channel": "The bot is not in its channel; the brief is kept",
    "brief_kept": "The author's answer while the card is on its way",
    "brief_list": "/brief list",
    "brief_shown": "/brief show",
    "status": "/desk status",
    "metrics": "/desk metrics",
    "metrics_empty": "/desk metrics before anybody has decided",
    "refused": "Refused: what and why",
    "overtaken": "Somebody was faster",
    "broken": "A fault of ours, with its reference",
}
_VIEW: Final = {
    "approve_form": "What an approval at tier A answers",
    "regenerate_form": "Regenerate with an instruction",
    "reject_form": "Reject with a reason",
    "comment_form": "A comment on a text",
    "suggest_form": "Suggest other words",
    "assign": "Assign: who is asked, with what each has to do",
    "assign_overtook": "Two people assigned at once: what the later one reads",
    "changes_form": "What should change in the brief",
    "change_brief_form": "A waiting brief is changed, below the brand lead's wish",
    "compare": "Two variants beside each other",
    "compare_revisions": "Two revisions of one variant",
    "variant_window": "A variant opened from Home",
    "bulk": "Approve tier C in one go",
    "bulk_answers": "What came of each",
    "settings": "Settings",
    "settings_away": "Settings of somebody out of office",
    "pick": "/rollback without a number: which one",
    "pick_none": "/rollback when nothing is live",
    "confirm": "/rollback with a number: how far it reaches",
    "progress": "While it is rolled back: what is done, and why",
    "incident_explained": "An incident afterwards: clocks, cause, runbook, actions",
    "evidence": "Everything a decision about a canary rests on",
    "read_all": "A whole text with its findings",
    "address_form": "Preview as a recipient by address",
    "read_as_by_address": "The text as the recipient of that address reads it",
    "read_as": "The same text as a made-up recipient reads it",
    "revisions": "A variant's revisions",
    "history": "A campaign's history",
}
_HOME: Final = {
    "home": "Home with work waiting",
    "home_full": "Home with every part: overdue, last decisions, out of office",
    "home_brand_lead": "Home of a brand lead",
    "home_first_visit": "Home for somebody outside the team",
    "home_nothing": "Home with nothing to do",
}
GALLERY: Final = (
    *_all("campaign", _CAMPAIGN),
    *_all("variant", _VARIANT),
    *_all("message", _MESSAGE),
    *_all("view", _VIEW),
    *_all("home", _HOME),
    *_all(
        "campaign",
        {
            "awaiting_brand_lead": "A strategy to approve, at 390 px",
            "in_review_escalated": "An overdue review at 390 px",
            "canary": "A canary at 390 px",
            "canary_blind_seeds": "Seed mails of a blind canary, at 390 px",
            "held": "Held, at 390 px",
        },
        "phone",
    ),
    *_all(
        "variant",
        {"asked_again_a_moment_ago": "Undo and four buttons, at 390 px"},
        "phone",
    ),
    *_all(
        "message",
        {
            "suggestion": "A suggestion at 390 px",
            "metrics": "/desk metrics at 390 px",
        },
        "phone",
    ),
    *_all(
        "view",
        {
            "brief_form": "The brief form at 390 px",
            "approve_form": "What an approval answers, at 390 px",
            "assign": "Assign at 390 px",
            "compare": "A comparison at 390 px: one below the other",
            "variant_window": "A variant opened from Home, at 390 px",
            "bulk": "Approve tier C in one go, at 390 px",
            "settings": "Settings at 390 px",
            "address_form": "Preview as a recipient by address, at 390 px",
        },
        "phone",
    ),
    *_all(
        "home",
        {"home": "Home at 390 px", "home_full": "Home with every part, at 390 px"},
        "phone",
    ),
    *_all("campaign", {"canary": "A canary in the dark"}, "dark"),
    *_all("variant", {"asked_with_notes": "A variant in the dark"}, "dark"),
    *_all("view", {"edit_form": "The edit form in the dark"}, "dark"),
)

STORIES: Final = {
    "channel-empty": "The practice workspace before the first campaign",
    "modal-brief": "`/brief` opens the form",
    "modal-brief-error": "A wrong link comes back on its field",
    "card-writing": "The card while the variants are written",
    "variant-in-review": "A variant in the thread, with what lint found",
    "modal-edit": "Edit opens the text",
    "thread-edited": "The edited text in its thread, linted again",
    "card-second-stage": "Copy is through, deliverability is asked",
    "home-busy": "Home of the person who decides next",
    "card-canary": "The canary, live",
    "thread-plot": "Its plot in the thread",
    "card-expanding": "Expanding by itself",
    "card-sent": "Sent",
    "channel-sent": "The channel at the end",
    "inspector": "The inspector: each signed request and how fast it was answered",
    "card-rolled-back": "Complaints rolled it back by itself",
    "notice-incident": "The incident notice in #on-call",
    "modal-incident": "The incident, step by step",
    "modal-rollback-confirm": "`/rollback N` says how far it reaches",
    "modal-rollback-progress": "Confirmed: the gate is closed, the reason is asked",
    "modal-rollback-second": "A second person is told who was first",
    "card-rolled-back-by-hand": "Rolled back by the person on call",
    "keyboard-rollback-pick": "`/rollback` chosen by keys alone",
    "page-unsubscribe": "The page behind a mail's unsubscribe link",
    "modal-upload": "`/desk import`: a file is asked for",
    "upload-columns-missing": "A file with columns of its own: what is missing",
    "modal-columns": "What each column of the file is",
    "upload-read": "The file is read: what would come in, and what is broken",
    "upload-imported": "Imported; the same message says so",
    "upload-report": "The broken rows, in the message's thread",
    "upload-same": "The same file again",
    "card-slot-canary": "A landing page is shown to its first visitors",
    "modal-slot-evidence": "What that rests on, in visitors",
    "card-slot-live": "It passed: the slot shows it to everyone",
    "modal-slot-winner": "Which variant its visitors clicked more",
    "thread-export": "Its approved copy in the thread, as files",
    "card-slot-rolled-back": "The next one is complained of, and the one before is back",
    "notice-slot-incident": "What on-call reads of it",
    "card-frozen": "All sending is frozen; the card says until when and why",
    "card-conversions": "What came of the canary on the sender's own pages",
    "card-rolled-back-hard-bounce": "Dead addresses rolled it back by itself",
    "card-no-data": "The ESP is silent: nothing expands",
    "card-contained-late": "The ESP was away while it was rolled back",
    "notice-not-contained": "What on-call read meanwhile",
    "modal-evidence-winner": "An A/B test that is won, and by how much",
    "modal-evidence-cannot-tell": "And one of which nobody can tell",
    "card-held-extend-asked": "Held: one asked to watch longer, another confirms",
    "card-held": "A small list is held for a person",
    "notice-refused": "Who wrote the brief may not expand it",
    "card-sent-small": "A person expanded it until it was sent",
    "modal-brief-tier-a": "Tier A: the form says that a brand lead comes first",
    "card-awaiting-brand-lead": "The strategy waits for a brand lead",
    "phone-modal-ask-for-changes": "She asks for changes, on a phone",
    "thread-changes-asked": "The author reads the wish in the thread",
    "card-changes-asked": "And on the card",
    "modal-change-brief": "The brief is changed, below the wish",
    "card-awaiting-brand-lead-again": "Version 2, and what changed in it",
    "card-strategy-approved": "The strategy is approved, review has begun",
    "notice-author-refused": "Tier A: the brief's author holds the role, and may not approve",
    "modal-approve": "What an approval at tier A answers: checked already, and asked",
    "modal-approve-error": "One line is not ticked",
    "modal-approve-deliverability": "The next stage answers its own questions",
    "thread-tier-a-approved": "Four stages, four people",
    "modal-bulk": "Tier C in one go: the list, and one left out",
    "modal-bulk-answers": "What came of each; who was faster is named",
    "home-after-bulk": "Home keeps the one that was left out",
    "card-passes-by-itself": "Tier C says what happens if nobody decides",
    "phone-thread-reminded": "The one reminder, on a phone",
    "card-overdue": "Overdue: the brand lead is asked to step in",
    "phone-thread-escalated": "What she reads in the thread, on a phone",
    "thread-passed-by-itself": "Tier C passed by itself, and says that nobody decided",
    "modal-comment-error": "Words to comment on that are not in the text",
    "thread-comment": "A comment in the thread",
    "thread-suggestion": "A suggestion, for its owner to accept or decline",
    "thread-undo": "A minute to take a decision back",
    "phone-thread-withdrawn": "The next stage reads that it is withdrawn, on a phone",
    "modal-preview-recipient": "A text as one of the list reads it",
    "notice-not-in-channel": "The app was sent away: the author is told",
    "card-hostile": "Markup in a brief stays text",
    "dark-channel": "The same channel in the dark",
}
PHONE: Final = (
    "modal-preview-recipient",
    "modal-brief",
    "modal-brief-error",
    "card-writing",
    "variant-in-review",
    "modal-edit",
    "thread-edited",
    "card-second-stage",
    "home-busy",
    "card-canary",
    "thread-plot",
    "card-expanding",
    "card-sent",
    "channel-sent",
    "inspector",
    "card-rolled-back",
    "notice-incident",
    "modal-incident",
    "card-awaiting-brand-lead",
    "notice-author-refused",
    "modal-approve",
    "modal-approve-error",
    "modal-approve-deliverability",
    "thread-tier-a-approved",
    "modal-bulk",
    "modal-bulk-answers",
    "home-after-bulk",
    "card-conversions",
    "card-frozen",
    "card-slot-canary",
    "card-slot-live",
    "modal-slot-winner",
    "card-slot-rolled-back",
    "modal-upload",
    "upload-columns-missing",
    "modal-columns",
    "upload-read",
    "upload-imported",
    "upload-report",
    "upload-same",
    "notice-not-contained",
    "modal-evidence-winner",
)


def files() -> dict[str, str]:
    """Every picture's path under docs/images, and its line."""
    told = {f"{name}.png": line for name, line in STORIES.items()}
    told |= {f"phone-{name}.png": f"{STORIES[name]}, at 390 px" for name in PHONE}
    told |= {f"{GALLERY_FOLDER}/{each.file}.png": each.line for each in GALLERY}
    return told


def write_index() -> None:
    """Write docs/images/index.md."""
    rows = [f"- [{line}]({path})" for path, line in files().items()]
    stories = len(STORIES) + len(PHONE)
    text = "\n".join(
        (
            "# Screenshots",
            "",
            "## From the stories",
            "",
            "Taken while `make story` played, with `COPYDESK_STORY_IMAGES=1`.",
            "",
            *rows[:stories],
            "",
            "## Every state",
            "",
            "Made-up campaigns, posted to the practice Slack: `python -m tests.stories.gallery`.",
            "",
            *rows[stories:],
            "",
        )
    )
    (IMAGES / "index.md").write_text(text, encoding="utf-8")
