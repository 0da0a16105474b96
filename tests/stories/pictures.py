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
    "writing": "Writing: one written, one under way, one the model gave no answer for",
    "drafted": "Drafted, being linted",
    "linted": "Linted, review opens",
    "in_review": "In copy review, the first stage",
    "in_review_overdue": "In review and overdue",
    "in_review_nobody_asked": "In review, and nobody holds the role",
    "in_second_stage": "In the second stage; who approved the first",
    "approved": "Approved, being scheduled",
    "scheduled": "Scheduled for tomorrow",
    "canary": "The canary is out and counted",
    "canary_small": "A canary that cannot see complaints",
    "canary_unknown_chunks": "A send that was never answered asks a person",
    "held": "Held, and who may decide what",
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
    "asked_with_notes": "Passes with notes",
    "blocked": "Blocked: Approve is off until the text changes",
    "edited": "Edited by a person",
    "approved": "Approved",
    "rejected": "Rejected, by whom and why",
    "shelved": "Shelved: enough others went on",
    "failed": "Not written",
    "by_a_model": "Written by a connected model",
    "long": "A long body, cut, with Read all",
}
_MESSAGE: Final = {
    "asked": "Who decides next",
    "changed": "What an edit changed",
    "stage_passed": "A stage is through",
    "incident": "The incident notice with its timeline",
    "bot_not_in_channel": "The bot is not in its channel; the brief is kept",
    "brief_kept": "The author's answer while the card is on its way",
    "brief_list": "/brief list",
    "brief_shown": "/brief show",
    "status": "/desk status",
    "refused": "Refused: what and why",
    "overtaken": "Somebody was faster",
    "broken": "A fault of ours, with its reference",
}
_VIEW: Final = {
    "regenerate_form": "Regenerate with an instruction",
    "reject_form": "Reject with a reason",
    "pick": "/rollback without a number: which one",
    "pick_none": "/rollback when nothing is live",
    "confirm": "/rollback with a number: how far it reaches",
    "progress": "While it is rolled back: what is done, and why",
    "evidence": "Everything a decision about a canary rests on",
    "read_all": "A whole text with its findings",
    "revisions": "A variant's revisions",
    "history": "A campaign's history",
}
_HOME: Final = {
    "home": "Home with work waiting",
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
        "campaign", {"canary": "A canary at 390 px", "held": "Held, at 390 px"}, "phone"
    ),
    *_all("view", {"brief_form": "The brief form at 390 px"}, "phone"),
    *_all("home", {"home": "Home at 390 px"}, "phone"),
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
    "card-held": "A small list is held for a person",
    "notice-refused": "Who wrote the brief may not expand it",
    "card-sent-small": "A person expanded it until it was sent",
    "notice-not-in-channel": "The app was sent away: the author is told",
    "card-hostile": "Markup in a brief stays text",
    "dark-channel": "The same channel in the dark",
}
PHONE: Final = (
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
