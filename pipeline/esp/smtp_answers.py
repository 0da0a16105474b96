"""What a mail server answers, by table: about one recipient, or about all of them."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Mapping
from datetime import timedelta
from typing import Final, NoReturn

from domain.errors import CampaignError, Refused, TryLater
from pipeline.esp.batch_rules import without_addresses
from pipeline.esp.tally import Fate

OUTAGE: Final = timedelta(seconds=30)
OK: Final = 250
CLOSING: Final = 421
_ENHANCED: Final = re.compile(r"([245]\.\d{1,3})\.\d{1,3}\b")

# RFC 3463: no such mailbox, no such host, bad syntax, moved, no mail host, disabled. Without
# an enhanced code 551 says so by itself, and of 550 and 553 only the words.
GONE: Final = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
_GONE_CODE: Final = 551
_GONE_WORDS: Final = re.compile(
    r"no such|not exist|doesn.?t exist|not local"
    r"|\b(user|recipient|mailbox|address) (is )?unknown"
    r"|\b(unknown|invalid) (user|recipient|mailbox|address)",
    re.IGNORECASE,
)

# RFC 5321 reply code, or RFC 3463 class and subject, which says more when it is there:
# what the answer to one recipient means for that mail. All else is about the sender, the
# text or the server, and so about every mail.
OF_THE_RECIPIENT: Final[Mapping[str, Fate]] = {
    "5.1": Fate.REFUSED,
    "5.2": Fate.REFUSED,
    # its domain is not found, or the mailbox is full, for now: this campaign does without
    "4.1": Fate.REFUSED,
    "4.2": Fate.REFUSED,
    "550": Fate.REFUSED,
    "551": Fate.REFUSED,
    "553": Fate.REFUSED,
}
# the server's own state: how long to wait
BUSY: Final[Mapping[str, timedelta]] = {
    "4.3": timedelta(minutes=1),
    "4.5": timedelta(minutes=1),
    "4.7": timedelta(minutes=5),
    "421": timedelta(seconds=30),
    "450": timedelta(minutes=1),
    "451": timedelta(minutes=1),
    # too many recipients for now, or no room
    "452": timedelta(minutes=5),
    "454": timedelta(minutes=1),
}


class PutOff(TryLater):
    """Not now, said of one recipient."""


def _is_gone(code: int, words: bytes) -> bool:
    """Whether a refusal says that there is no such address, for good.

    Not whether it is full or unwelcome: who bounces hard is never mailed again.
    """
    said = words.decode("ascii", "replace")
    found = _ENHANCED.search(said)
    if found is not None:
        return found[0] in GONE
    permanent = code in (550, 553) and _GONE_WORDS.search(said) is not None
    return permanent or code == _GONE_CODE


def _keys(code: int, words: bytes) -> tuple[str, ...]:
    """How the tables name an answer, the most telling first."""
    found = _ENHANCED.search(words.decode("ascii", "replace"))
    return (found[1], str(code)) if found else (str(code),)


def of_the_recipient(code: int, words: bytes) -> Fate:
    """What an answer to RCPT means for that mail alone; else it is raised.

    An enhanced code decides by itself: 550 5.7.1 is about the sender.
    """
    fate = OF_THE_RECIPIENT.get(_keys(code, words)[0])
    if fate is not None:
        return Fate.BOUNCED if _is_gone(code, words) else fate
    try:
        _raise(code, words)
    except TryLater as later:
        if code == CLOSING:
            raise
        raise PutOff(str(later), retry_after=later.retry_after) from later


def expect(answer: tuple[int, bytes], code: int = OK) -> None:
    if answer[0] != code:
        _raise(*answer)


def _raise(code: int, words: bytes) -> NoReturn:
    said = without_addresses(words.decode("utf-8", "replace"))
    waits = [BUSY[key] for key in _keys(code, words) if key in BUSY]
    if waits or 400 <= code < 500:  # noqa: PLR2004 - RFC 5321: 4yz is for now
        wait = waits[0] if waits else OUTAGE
        raise TryLater(
            f"The mail server takes no mail now: {code} {said}", retry_after=wait
        )
    raise Refused(f"The mail server refused the mail: {code} {said}")


def lost() -> TryLater:
    return TryLater("The mail server hung up.", retry_after=OUTAGE)


def connecting(error: Exception) -> CampaignError:
    match error:
        case smtplib.SMTPAuthenticationError() if error.smtp_code >= 500:  # noqa: PLR2004
            return Refused("SMTP does not accept the user name or password (SMTP_URL).")
        case smtplib.SMTPNotSupportedError():
            return Refused("The mail server offers no STARTTLS or no login (SMTP_URL).")
        case smtplib.SMTPResponseException() if error.smtp_code != CLOSING:
            return TryLater(
                f"The mail server does not let us in now: {error.smtp_code}",
                retry_after=OUTAGE,
            )
        case _:
            return TryLater("The mail server cannot be reached.", retry_after=OUTAGE)
