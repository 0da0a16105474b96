"""Every error names its fate; messages are whole sentences fit to show a person.

CampaignError
├── Refused          tell the person, log at info, never page
│   ├── MoveNotAllowed   the campaign's state does not accept the event
│   ├── NotYourTurn      role or separation of duties forbids it
│   ├── AlreadyDecided   somebody was faster; says who and when
│   ├── Overtaken        the row has moved on since the person looked
│   └── Unknown          there is no such thing
└── TryLater         an outside service could not answer now but should soon

Anything else is a bug: a traceback, an alert, and a notice with a reference id.
"""

from __future__ import annotations

from datetime import timedelta


class CampaignError(Exception):
    """Base of all errors with a known fate."""


class Refused(CampaignError):
    """A well-formed request that state or policy forbids."""


class MoveNotAllowed(Refused):
    """The campaign is not in a state that accepts this event."""

    def __init__(self, state: str, event: str) -> None:
        self.state, self.event = state, event
        words = state.replace("_", " ")
        article = "An" if words[0] in "aeiou" else "A"
        super().__init__(
            f"{article} {words} campaign cannot be {event.replace('_', ' ')}."
        )


class NotYourTurn(Refused):
    """The person lacks the role, or separation of duties forbids the act."""


class AlreadyDecided(Refused):
    """The review request was closed before this click."""


class Overtaken(Refused):
    """A row has moved on since the person, or the job, read it."""


class Unknown(Refused):
    """There is no such campaign, variant, request or segment."""


class TryLater(CampaignError):
    """An outside service could not answer now but should soon.

    Attributes:
        retry_after: How long to wait before the next try.
    """

    def __init__(
        self, message: str, *, retry_after: timedelta = timedelta(seconds=5)
    ) -> None:
        self.retry_after = retry_after
        super().__init__(message)
