"""What Amazon SES answers, of a call and of each entry, in the port's words: by table."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from domain.errors import CampaignError, Refused, TryLater
from pipeline.esp.batch_rules import without_addresses
from pipeline.esp.ses_mail import Entry
from pipeline.esp.tally import Fate, Tally

OUTAGE: Final = timedelta(seconds=30)
_SERVER_ERROR: Final = 500

# What SES says of a whole call. Else it is Refused, with SES's own words.
WAITS: Final[Mapping[str, tuple[str, timedelta]]] = {
    "TooManyRequestsException": ("is at its rate limit", timedelta(seconds=5)),
    "ThrottlingException": ("is at its rate limit", timedelta(seconds=5)),
    "Throttling": ("is at its rate limit", timedelta(seconds=5)),
    "LimitExceededException": ("has reached its sending quota", timedelta(minutes=15)),
}
CREDENTIALS: Final = frozenset(
    {
        "AccessDeniedException",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "MissingAuthenticationTokenException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
# What SES says of one entry, when that is about the one mail.
FATES: Final[Mapping[str, Fate]] = {
    "SUCCESS": Fate.TAKEN,
    "TRANSIENT_FAILURE": Fate.PUT_OFF,
    "INVALID_PARAMETER": Fate.REFUSED,
    "FAILED": Fate.REFUSED,
}
# What SES says when it is the address that is invalid, and not a header or the template.
_NO_ADDRESS: Final = re.compile(
    r"illegal address|missing final|missing domain|missing local name"
    r"|(local address|domain) (contains|starts|ends)",
    re.IGNORECASE,
)
# When it is about the account, and so about every mail after it: how long to wait, or
# None when only a person can help.
STOPS: Final[Mapping[str, tuple[str, timedelta | None]]] = {
    "ACCOUNT_THROTTLED": ("is at its rate limit", timedelta(seconds=5)),
    "ACCOUNT_DAILY_QUOTA_EXCEEDED": (
        "has reached its sending quota",
        timedelta(minutes=15),
    ),
    "MESSAGE_REJECTED": ("rejected the mail", None),
    "MAIL_FROM_DOMAIN_NOT_VERIFIED": (
        "has not verified the sender's domain (COPYDESK_MAIL_FROM)",
        None,
    ),
    "CONFIGURATION_SET_NOT_FOUND": (
        "does not know the configuration set (SES_CONFIGURATION_SET)",
        None,
    ),
    "TEMPLATE_NOT_FOUND": ("does not take inline templates here", None),
    "ACCOUNT_SUSPENDED": ("has suspended the account", None),
    "ACCOUNT_SENDING_PAUSED": ("has sending paused in the account", None),
    "CONFIGURATION_SET_SENDING_PAUSED": (
        "has sending paused in the configuration set (SES_CONFIGURATION_SET)",
        None,
    ),
    "INVALID_SENDING_POOL_NAME": ("does not know the sending pool", None),
}


class Silence(TryLater):
    """The request left, and no answer says what became of it."""


@contextlib.contextmanager
def asking(*, but: str = "") -> Iterator[None]:
    """Translate what boto3 raises.

    Args:
        but: A code that is fine.

    Raises:
        Silence: No answer, or a fault of SES's.
        TryLater: SES is away or busy; it did nothing.
        Refused: SES will not do it.
    """
    from botocore import exceptions as boto  # noqa: PLC0415 - only who uses SES has it

    try:
        yield
    except boto.ClientError as error:
        if error.response["Error"].get("Code") != but:
            raise _answered(error.response) from error
    except (boto.EndpointConnectionError, boto.ConnectTimeoutError) as error:
        raise TryLater("Amazon SES cannot be reached.", retry_after=OUTAGE) from error
    except (boto.NoCredentialsError, boto.PartialCredentialsError) as error:
        raise Refused(
            "There are no AWS credentials (AWS_ACCESS_KEY_ID, or an instance's role)."
        ) from error
    except (boto.ParamValidationError, boto.NoRegionError) as error:
        raise Refused("Amazon SES would not take the request's form.") from error
    except boto.BotoCoreError as error:
        raise Silence("Amazon SES did not answer.", retry_after=OUTAGE) from error


def _answered(response: Mapping[str, Any]) -> CampaignError:
    error = response.get("Error", {})
    code, words = str(error.get("Code", "")), str(error.get("Message", ""))
    if code in WAITS:
        sentence, wait = WAITS[code]
        return TryLater(f"Amazon SES {sentence}.", retry_after=wait)
    if response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) >= _SERVER_ERROR:
        return Silence("Amazon SES had a fault.", retry_after=OUTAGE)
    if code in CREDENTIALS:
        return Refused(
            f"Amazon SES does not accept the AWS credentials (AWS_ACCESS_KEY_ID): {code}."
        )
    return Refused(f"Amazon SES refused: {code} {without_addresses(words)}".rstrip())


def note(
    part: Sequence[Entry], results: Sequence[Mapping[str, Any]], tally: Tally
) -> None:
    """Note the fate of each mail; what SES says nothing or something new of is unknown.

    Raises:
        TryLater: The account takes no more for now.
        Refused: It takes none, or found nothing right with any of them.
    """
    statuses = [str(result.get("Status", "")) for result in results[: len(part)]]
    statuses += [""] * (len(part) - len(statuses))
    said = [str(result.get("Error", "")) for result in results[: len(part)]]
    said += [""] * (len(part) - len(said))
    for each, status, words in zip(part, statuses, said, strict=True):
        # who met a stop was not taken; others of the same answer may be
        if status not in STOPS:
            fate = _fate(status, words)
            wait = OUTAGE if fate is Fate.PUT_OFF else timedelta(0)
            tally.note(each.mail, fate, after=wait)
    for status in statuses:
        if status in STOPS:
            raise _stop(status)
    if all(FATES.get(status) is Fate.REFUSED for status in statuses):
        for each in part:
            tally.note(each.mail, Fate.LATER)
        why = f"{statuses[0]} {without_addresses(said[0])}".rstrip()
        raise Refused(f"Amazon SES refused every mail: {why}")


def _fate(status: str, words: str) -> Fate:
    fate = FATES.get(status, Fate.UNKNOWN)
    is_invalid = status == "INVALID_PARAMETER"
    is_gone = is_invalid and _NO_ADDRESS.search(words) is not None
    return Fate.BOUNCED if is_gone else fate


def _stop(status: str) -> CampaignError:
    words, wait = STOPS[status]
    sentence = f"Amazon SES {words}."
    return Refused(sentence) if wait is None else TryLater(sentence, retry_after=wait)
