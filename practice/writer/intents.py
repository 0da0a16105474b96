"""What campaigns are for, and the sentences that fit each purpose.

No numbers and no promises: a sentence here may only say what is true of any
such campaign; everything particular comes from the brief and its facts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What a campaign is for, and the words that fit it.

    Attributes:
        clues: Every one of these groups must have a word in the brief.
    """

    name: str
    clues: tuple[tuple[str, ...], ...]
    subjects: tuple[str, ...]
    preheaders: tuple[str, ...]
    openings: tuple[str, ...]
    bridges: tuple[str, ...]
    labels: tuple[str, ...]


INTENTS: Final = (
    Intent(
        name="recover_demo",
        clues=(
            ("demo",),
            ("stall", "recover", "resched", "missed", "no-show", "unfinished"),
        ),
        subjects=(
            "Still weighing the demo?",
            "Your demo, whenever you are ready",
            "Picking up where we left off",
            "The demo is still yours to book",
            "A shorter way back to your demo",
            "Before you decide on the demo",
        ),
        preheaders=(
            "Pick a time that suits you, or look around first.",
            "What is worth knowing before you decide.",
            "A little reading before you choose a time.",
        ),
        openings=(
            "You showed interest in a demo, and then other work got in the way.",
            "Your demo is still open, and there is no rush to book it.",
            "A demo is easy to put off when the week fills up.",
            "The demo you had in mind never found its slot.",
            "Deciding whether a demo is worth your time is a fair question.",
            "When you first looked at a demo, the timing may not have been right.",
            "We kept your place, in case the demo is still on your list.",
        ),
        bridges=(
            "If it is still useful, choose a time that suits you.",
            "Pick any slot and bring the questions you already have.",
            "Choose a time, and we will show you the part you care about.",
            "You can choose a time yourself and change it later.",
            "Bring one real problem, and we will work through it with you.",
        ),
        labels=("Choose a time", "Book your demo", "Pick up your demo", "See times"),
    ),
    Intent(
        name="book_demo",
        clues=(("demo", "meeting", "consultation", "book a call", "walkthrough"),),
        subjects=(
            "See it with your own questions",
            "A short look, on your terms",
            "Would a quick look help?",
            "Bring one problem, leave with an answer",
            "Your questions, answered live",
        ),
        preheaders=(
            "A conversation about your work, not a slide deck.",
            "Choose a time and bring the questions you have.",
            "See the part that matters to your team.",
        ),
        openings=(
            "Reading about a tool only tells you so much.",
            "The quickest way to judge whether something fits is to see it at work.",
            "Your team has its own way of working, and a brochure cannot know it.",
            "Most questions about a new tool are settled once you have seen it.",
            "A good demo answers your questions and then stops.",
            "Before you compare features, it helps to see the work itself.",
        ),
        bridges=(
            "Choose a time, and tell us what you would like to see.",
            "Pick a slot and bring a real example from your week.",
            "You can book in a minute and invite whoever should be there.",
            "If that sounds useful, the calendar is open.",
        ),
        labels=("Book a demo", "Choose a time", "See it at work", "Find a slot"),
    ),
    Intent(
        name="trial",
        clues=(("trial", "activat", "onboard", "get started", "sign up", "signup"),),
        subjects=(
            "Your next step, kept small",
            "Getting the most from your trial",
            "Ready when you are",
            "Where to begin?",
            "One useful thing to try first",
        ),
        preheaders=(
            "A first step that is worth your time.",
            "Start with one task and see how it feels.",
            "You do not have to set up everything at once.",
        ),
        openings=(
            "Starting with a new tool is easier when the first step is clear.",
            "You do not need to set up everything to learn whether this fits.",
            "The best trial is one real task from your own week.",
            "A new tool earns its place by making one thing easier.",
            "Getting started should not need a project plan.",
            "The first session usually decides whether a tool stays.",
        ),
        bridges=(
            "Start with one task, and let the result speak for itself.",
            "Open your account and try it on something you do every week.",
            "Take the first step now, and the rest can wait.",
            "It is a small step, and you can stop at any point.",
        ),
        labels=("Get started", "Try it now", "Take the first step", "Begin here"),
    ),
    Intent(
        name="event",
        clues=(("webinar", "event", "workshop", "session", "conference", "meetup"),),
        subjects=(
            "You are invited",
            "A session made for your questions",
            "Will you join us?",
            "Save yourself a seat",
            "In good company, on a topic you know",
        ),
        preheaders=(
            "Who it is for, and what you will take away.",
            "Practical answers from people who do the work.",
            "Join live, and bring your questions.",
        ),
        openings=(
            "We are putting together a session, and we would like you to be there.",
            "Some topics are easier to work through together.",
            "The best answers often come from people with the same problem.",
            "We would like to invite you to a session on a topic you know well.",
            "A good session leaves you with something to use the same day.",
        ),
        bridges=(
            "Save your place, and send us your question in advance.",
            "Register now, and bring a colleague if it helps.",
            "Have a look at the programme and see whether it fits your week.",
            "A place is quickly saved, and just as quickly given back.",
        ),
        labels=("Save your place", "Register now", "See the programme", "Join us"),
    ),
    Intent(
        name="renew",
        clues=(("renew", "upgrade", "expand", "upsell", "annual plan", "contract"),),
        subjects=(
            "A good moment to look at your plan",
            "Does your plan still fit?",
            "What your next plan could cover",
            "Your plan, reviewed with you",
            "Before your plan comes up again",
        ),
        preheaders=(
            "A short review, so that you pay for what you use.",
            "What would change, and what would stay the same.",
            "See your options before you need them.",
        ),
        openings=(
            "Teams change, and a plan that fitted once may not fit today.",
            "This is a good moment to check that your plan still matches your work.",
            "You already know how the product works, so we will keep this brief.",
            "Choosing a plan is easier when nothing is urgent.",
            "Your needs may have grown since you chose your plan.",
        ),
        bridges=(
            "Compare the options and decide in your own time.",
            "Have a look at what would change for your team.",
            "See the plans side by side, and ask us anything that is unclear.",
            "If your plan still fits, there is nothing you need to do.",
        ),
        labels=("Compare plans", "Review your plan", "See your options", "Look closer"),
    ),
    Intent(
        name="win_back",
        clues=(("win back", "win-back", "re-engage", "lapsed", "inactive", "dormant"),),
        subjects=(
            "A lot has changed here",
            "Worth a second look?",
            "What you may have missed",
            "An open door, no strings",
            "It has been a while",
        ),
        preheaders=(
            "What is new, in a few lines.",
            "See whether it fits better now.",
            "A short update, and an easy way back.",
        ),
        openings=(
            "It has been a while, so here is what is worth knowing.",
            "We have not seen you for some time, and the reason may be a good one.",
            "Things change, on your side as well as ours.",
            "If we were not the right fit before, it may be worth another look.",
            "You were with us once, and we would like to show you what is different.",
        ),
        bridges=(
            "Have a look, and judge for yourself.",
            "Come back for a visit and see whether it fits better now.",
            "Your way back in is one click long.",
            "Take a look when you have a quiet moment.",
        ),
        labels=("Take another look", "See what is new", "Come back", "Look around"),
    ),
    Intent(
        name="launch",
        clues=(("launch", "announc", "introduc", "new feature", "release", "rollout"),),
        subjects=(
            "Something new for your team",
            "New, and ready for you to try",
            "What is new, in a few lines",
            "Have you seen what is new?",
            "A change you may have asked for",
        ),
        preheaders=(
            "What it does, and where to find it.",
            "A short look at what is new.",
            "See what it would change for you.",
        ),
        openings=(
            "We have something new to show you.",
            "There is a new way to do a familiar job.",
            "Good changes are the ones you notice in your daily work.",
            "We have finished something that we think you will want to use.",
            "You will find something new the next time you visit.",
        ),
        bridges=(
            "Have a look, and tell us what you think.",
            "Try it on something real, and see whether it helps.",
            "See how it works, and decide whether it is for you.",
            "The page below shows it step by step.",
        ),
        labels=("See what is new", "Take a look", "See how it works", "Try it"),
    ),
    Intent(
        name="guide",
        clues=(
            (
                "guide",
                "report",
                "ebook",
                "whitepaper",
                "download",
                "newsletter",
                "read",
            ),
        ),
        subjects=(
            "Worth reading before your next plan",
            "A guide for the problem on your desk",
            "Something useful to read",
            "Looking for a place to start?",
            "What we learned, written down",
        ),
        preheaders=(
            "Written for people who do the work.",
            "Read it in one sitting, use it the same day.",
            "Practical, and free of jargon.",
        ),
        openings=(
            "We have written down what we know, so that you can use it.",
            "Some problems come up in every team, and few people write about them.",
            "Good advice is short, specific and easy to try.",
            "If you are working on this now, a little reading may save a detour.",
            "Plenty is written on this topic, and little of it is practical.",
        ),
        bridges=(
            "Read it, keep what helps, and leave the rest.",
            "It is ready for you, and easy to pass on to a colleague.",
            "Start with the part that matches your week.",
            "Have a look, and tell us what is missing.",
        ),
        labels=("Read the guide", "Start reading", "Get your copy", "Have a look"),
    ),
    Intent(
        name="general",
        clues=(),
        subjects=(
            "A thought for your team",
            "Something worth a minute",
            "Could this help?",
            "A simpler way to work",
            "Made for the work you do",
            "A small change worth trying",
        ),
        preheaders=(
            "The short version, and where to read more.",
            "A minute to read, and easy to try.",
            "What it is, and whether it is for you.",
        ),
        openings=(
            "We will keep this short, because your week is full.",
            "Some improvements are worth a minute of your time.",
            "You know your work best, so here is what we can add to it.",
            "Small changes to everyday work tend to last.",
            "Here is something that may be useful to your team.",
            "We are writing because this may fit the way you work.",
        ),
        bridges=(
            "Have a look, and decide whether it fits.",
            "See how it would work for your team.",
            "The page below has the details.",
            "If it sounds useful, this is the place to start.",
        ),
        labels=("See how it works", "Take a look", "Read more", "Find out more"),
    ),
)
