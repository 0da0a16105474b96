"""Leads, greetings and closings that fit every campaign the sample writer writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

KEY_LEADS: Final = (
    "",
    "The short version is this.",
    "Here is what matters most.",
    "One thing is worth knowing first.",
    "It comes down to one point.",
    "If you remember one line, let it be this one.",
)
POSITION_LEADS: Final = (
    "",
    "That is where the difference lies.",
    "The difference is easy to state.",
    "Here is how it compares with what you may use today.",
)
PROOF_LEADS: Final = (
    "What we can point to:",
    "From our own notes:",
    "A fact rather than a promise:",
    "To be concrete:",
    "Here is what stands behind it:",
    "What we know so far:",
)
SECOND_LEADS: Final = (
    "Also worth knowing:",
    "And one more:",
    "A second point:",
    "Something else that may help:",
)
OFFER_LEADS: Final = (
    "What you get:",
    "Our offer:",
    "What is included:",
    "Here is the offer:",
    "For you:",
)

GREETINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "plain": ("Hi {name},", "Hello {name},"),
    "warm": ("Hi {name},", "Hello {name},", "Hey {name},"),
    "formal": ("Dear {name},", "Good day {name},"),
}
NAME_FALLBACK: Final[Mapping[str, str]] = {
    "plain": "there",
    "warm": "there",
    "formal": "reader",
}
CLOSINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "plain": (
        "If this is not for you, no reply is needed.",
        "Questions are welcome: simply reply to this mail.",
        "Reply to this mail, and a person will answer.",
        "If now is a bad time, leave it for later.",
        "If someone else on your team decides this, feel free to pass it on.",
    ),
    "warm": (
        "We would love to hear what you think.",
        "Whatever you decide, thank you for reading.",
        "If you would rather talk first, just reply, and we will be glad to help.",
        "And if the timing is wrong, that is perfectly fine.",
        "Thank you for giving this a moment of your day.",
    ),
    "formal": (
        "Should you have any questions, please reply to this message.",
        "We would be pleased to answer any question you may have.",
        "Please feel free to share this message with your colleagues.",
        "We thank you for your time and consideration.",
    ),
}
SIGN_OFFS: Final[Mapping[str, tuple[str, ...]]] = {
    "plain": ("Best,", "All the best,", "Until soon,"),
    "warm": ("Warmly,", "With thanks,", "All the best,"),
    "formal": ("Kind regards,", "Yours sincerely,", "With kind regards,"),
}
# Sentences are written out in full; a warm tone shortens them.
CONTRACTIONS: Final = (
    ("We would", "We'd"),
    ("we would", "we'd"),
    ("we will", "we'll"),
    ("We have", "We've"),
    ("you are", "you're"),
    ("You are", "You're"),
    ("do not", "don't"),
    ("does not", "doesn't"),
    ("cannot", "can't"),
    ("It is", "It's"),
    ("There is", "There's"),
    ("Here is", "Here's"),
)

# Copy that is shown to visitors nobody knows: nothing here speaks to somebody.
HEADLINES: Final[Mapping[str, tuple[str, ...]]] = {
    "landing_page": (
        "A simpler way to work",
        "Made for the work you do",
        "See how it works",
        "A small change worth trying",
    ),
    # at most 30 characters
    "ad": (
        "A simpler way to work",
        "Made for the work you do",
        "See how it works",
        "Take a closer look",
    ),
    "chat": ("How it works", "What it offers", "The short answer"),
}
SUBHEADLINES: Final[Mapping[str, tuple[str, ...]]] = {
    "landing_page": (
        "The short version, and where to read more.",
        "What it is, and whether it is for you.",
        "A minute to read, and easy to try.",
    ),
    # at most 90 characters
    "ad": (
        "What it is, and whether it is for you.",
        "See how it would work for your team.",
        "Have a look, and decide whether it fits.",
    ),
    "chat": ("The short answer, and where to read more.",),
}
