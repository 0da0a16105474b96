"""Reading a text as a recipient would: who one can be, and what one then sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from domain.errors import Unknown
from domain.personalize import Fallback, Profile, Rendered
from domain.privacy import Privacy

RECIPIENT: Final = "recipient-"
"""How the key of a recipient of the list begins; their number in the sample follows."""

BY_ADDRESS: Final = "by-address"
"""The key of a recipient of the list whose address was given; it is not kept."""

NOBODY_THERE: Final = (
    "Nobody whom this campaign would mail has that address. That you asked is on the"
    " record, without the address."
)
"""The same for an address that no list has, another list has, or nobody may mail."""

SAMPLED: Final = 5
"""How many recipients can be previewed as: enough to see a text work, no browsing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeUp:
    """Somebody who does not exist.

    Attributes:
        label: As a menu says it.
        values: By path; of fields that are not here they have the example, or nothing.
        has_examples: Whether they do have the example.
    """

    label: str
    values: Mapping[str, str]
    has_examples: bool = True


MADE_UP: Final[Mapping[str, MadeUp]] = {
    "full": MadeUp(label="Everything known", values={}),
    "empty": MadeUp(label="Nothing known", values={}, has_examples=False),
    "long": MadeUp(
        label="Long names",
        values={
            "person.first_name": "Wolfgang-Maximilian Alexander Konstantin",
            "person.last_name": "Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh",
            "person.company": "Donaudampfschifffahrtselektrizitätenhauptbetriebswerk"
            " und Töchter GmbH",
            "person.job_title": "Deputy Assistant Vice President for International"
            " Operations and Planning",
            "person.city": "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch",
        },
    ),
    "rtl": MadeUp(
        label="Right-to-left names",
        values={
            "person.first_name": "ليلى",
            "person.last_name": "الخوارزمي",
            "person.company": "شركة النور",
            "person.job_title": "מנהלת תפעול",
            "person.city": "القاهرة",
        },
    ),
    "hostile": MadeUp(
        label="Hostile values",
        values={
            "person.first_name": "<script>alert(1)</script>",
            "person.last_name": "{{ sender.postal_address }}",
            "person.company": 'O\'Brien & "Sons" *Ltd* _&amp;_',
            "person.job_title": "Win now at https://evil.example",
            "person.city": "Oslo\r\nBcc: all@corp.example",
        },
    ),
}
"""By the key that the shell and a menu's option use."""


def made_up_profile(
    key: str, privacy: Privacy, *, cta_url: str, unsubscribe_url: str
) -> Profile:
    """The made-up recipient of that key.

    Raises:
        Unknown: There is none; the message names those there are.
    """
    who = MADE_UP.get(key)
    if who is None:
        raise Unknown(
            f'There is no made-up recipient "{key[:40]}". There are:'
            f" {', '.join(MADE_UP)}."
        )
    values: dict[bool, dict[str, str | None]] = {True: {}, False: {}}
    for path, rule in privacy.fields.items():
        example = rule.example if who.has_examples else ""
        values[rule.is_attribute][rule.name] = who.values.get(path, example)
    return Profile(
        cta_url=cta_url,
        unsubscribe_url=unsubscribe_url,
        person=values[False],
        attributes=values[True],
        is_made_up=True,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A text as somebody would read it.

    Attributes:
        key: Who: a key of `MADE_UP`, `recipient-3`, or `BY_ADDRESS`.
        about: Who, of a real recipient: first name, region, provider; never an address.
        mail: None when it cannot be made for them.
        problem: Why it cannot.
        account: By path, the value shown, or why the fallback is.
    """

    key: str
    about: tuple[str, ...] = ()
    mail: Rendered | None = None
    problem: str = ""
    account: Mapping[str, str | Fallback]
