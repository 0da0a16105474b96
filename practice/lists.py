"""Practice audiences as CSV files: a calm list, one that complains, a small one.

About a fifth of each list sits at the gmail-like provider, which never reports
complaints, so a 1 % canary of 30,000 sees about 240 recipients who can.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

COLUMNS: Final = (
    "email",
    "first_name",
    "last_name",
    "company",
    "region",
    "time_zone",
    "consent",
    "locale",
    "plan",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeList:
    """One list: its file, what people call it, and whose domains it uses."""

    file_name: str
    title: str
    rows: int
    domain: str


LISTS: Final = (
    PracticeList(
        file_name="calm.csv", title="a calm list", rows=30_000, domain="calm.example"
    ),
    PracticeList(
        file_name="stormy.csv",
        title="a list that complains",
        rows=30_000,
        domain="stormy.example",
    ),
    PracticeList(
        file_name="small.csv", title="a small list", rows=300, domain="calm.example"
    ),
)


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_NO_CONSENT: Final = 0.01
_PROVIDERS: Final = ("gmail-like", "yahoo-like", "outlook-like", "")
_PROVIDER_WEIGHTS: Final = (20, 12, 23, 45)
_FIRST: Final = _words(
    "Amara Anna Ben Camila Carlos Chen Chloe Daniel Diego Elena Emma Ethan Fatima "
    "Felix Grace Hana Hugo Ines Isaac Ivy Jack Jana Jonas Julia Kenji Kofi Lara Leo "
    "Lina Lucas Maja Marco Maria Maya Mei Milan Mina Nadia Nina Noah Nora Oliver "
    "Omar Oscar Paula Peter Priya Rafael Rosa Ruth Sam Sara Sofia Tara Theo Tomas "
    "Uma Victor Wei Yara Yusuf Zoe"
)
_LAST: Final = _words(
    "Abbott Adeyemi Alvarez Andersen Bauer Becker Bell Bergman Blake Brandt Castillo "
    "Chan Clarke Costa Dahl Diaz Dubois Eriksen Evans Fischer Flores Fontaine Garcia "
    "Graham Gupta Haddad Hansen Hayes Hoffmann Ito Jensen Jones Kaya Keller Khan "
    "Kim Kowalski Larsen Lopez Marsh Martin Mehta Meyer Moreau Murphy Nakamura Novak "
    "Okafor Olsen Park Patel Pereira Petrov Quinn Reid Romano Rossi Sato Schmidt "
    "Silva Singh Stewart Tanaka Torres Vogel Walsh Weber Wood Yilmaz Young Zhang"
)
_COMPANY: Final = _words(
    "Amber Anchor Aspen Beacon Birch Bluefin Bright Canyon Cedar Cobalt Copper Coral "
    "Crest Delta Ember Falcon Fern Flint Garnet Granite Harbor Hazel Indigo Iron "
    "Juniper Keystone Lantern Linden Maple Meridian Mill North Oak Orchard Pine "
    "Quarry Raven River Saffron Silver Slate Spruce Summit Tidal Union Vale West Willow"
)
_TRADE: Final = _words(
    "Analytics Care Foods Freight Insurance Labs Logistics Media Partners Retail "
    "Robotics Software Supply Systems Textiles Works"
)
# Region, time zone, locale, weight.
_PLACES: Final = (
    ("AMER", "America/New_York", "en-US", 26),
    ("AMER", "America/Chicago", "en-US", 14),
    ("AMER", "America/Los_Angeles", "en-US", 14),
    ("AMER", "America/Sao_Paulo", "pt-BR", 5),
    ("EMEA", "Europe/London", "en-GB", 13),
    ("EMEA", "Europe/Berlin", "de-DE", 9),
    ("EMEA", "Europe/Paris", "fr-FR", 6),
    ("EMEA", "Africa/Lagos", "en-NG", 3),
    ("APAC", "Asia/Singapore", "en-SG", 5),
    ("APAC", "Australia/Sydney", "en-AU", 5),
)
_PLACE_WEIGHTS: Final = tuple(place[3] for place in _PLACES)
_PLANS: Final = ("trial", "starter", "team", "enterprise")
_PLAN_WEIGHTS: Final = (22, 38, 30, 10)


def write_lists(folder: Path) -> dict[str, Path]:
    """Write every practice list into `folder`; the same bytes each time.

    Returns:
        The files by the title people know them by.
    """
    folder.mkdir(parents=True, exist_ok=True)
    written: dict[str, Path] = {}
    for one in LISTS:
        path = folder / one.file_name
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(_rows(one))
        written[one.title] = path
    return written


def _rows(one: PracticeList) -> Iterator[tuple[str, ...]]:
    rng = random.Random(one.file_name)
    for number in range(1, one.rows + 1):
        first, last = rng.choice(_FIRST), rng.choice(_LAST)
        company, trade = rng.choice(_COMPANY), rng.choice(_TRADE)
        (provider,) = rng.choices(_PROVIDERS, _PROVIDER_WEIGHTS)
        (place,) = rng.choices(_PLACES, _PLACE_WEIGHTS)
        host = provider or f"{company}-{trade}".lower()
        yield (
            f"{first}.{last}.{number}@{host}.{one.domain}".lower(),
            first,
            last,
            f"{company} {trade}",
            place[0],
            place[1],
            "false" if rng.random() < _NO_CONSENT else "true",
            place[2],
            rng.choices(_PLANS, _PLAN_WEIGHTS)[0],
        )
