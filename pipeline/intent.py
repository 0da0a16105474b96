"""Intent signals come in from files: who looked into what, and until when it counts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import Final

from domain.cohort import provider_of
from domain.columns import Known, Wanted, choose
from domain.intent import Signal, SignalInvalid, parse_signal
from pipeline.audience import BATCH, AudienceRefused, broken_rows
from pipeline.csv_file import Reading, file_sha256, rows, unclean
from pipeline.recipient_rows import address_problem, domain_problem, normal_address
from pipeline.tokens import address_hash
from storage.engine import Database

KNOWN: Final = Known(
    one_of=("email", "account"),
    required=("topic", "score", "seen_at", "source"),
    optional=("expires_at",),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What became of a file of signals, or would.

    Attributes:
        read: Good rows.
        kept: Of those, signals that were new or newer than what was known.
    """

    read: int
    kept: int
    broken: int


def import_signals(
    database: Database,
    path: Path,
    reading: Reading,
    *,
    wanted: Wanted,
    life: timedelta,
    secret: str,
    actor: str,
    skip_broken: bool = False,
    is_dry_run: bool = False,
) -> Told:
    """Check the whole file, then keep its signals by batches; again is no change.

    Args:
        life: How long a signal counts that does not say.

    Raises:
        AudienceRefused: Rows are broken; nothing was kept.
    """
    today = database.clock().date()

    def signals(onto: Reading) -> Iterator[tuple[str, Signal]]:
        return _signals(path, onto, wanted, today=today, life=life, secret=secret)

    read = sum(1 for _ in signals(reading))
    if reading.broken and not skip_broken:
        raise broken_rows(reading)
    if is_dry_run:
        return Told(read=read, kept=0, broken=reading.broken)
    if reading.digest != file_sha256(path):
        raise AudienceRefused("The file was changed while it was read.")
    kept = _keep(database, signals(Reading()))
    with database.begin() as store:
        store.intents.drop_expired()
        store.audience_record.append(
            "intent_imported",
            actor=actor,
            detail={"signals": read, "kept": kept, "file": reading.digest},
        )
    return Told(read=read, kept=kept, broken=reading.broken)


def _keep(database: Database, signals: Iterator[tuple[str, Signal]]) -> int:
    kept = 0
    while batch := list(islice(signals, BATCH)):
        with database.begin() as store:
            erased = store.imports.forgotten([subject for subject, _ in batch])
            kept += store.intents.add([each for each in batch if each[0] not in erased])
    return kept


def _signals(
    path: Path,
    reading: Reading,
    wanted: Wanted,
    *,
    today: date,
    life: timedelta,
    secret: str,
) -> Iterator[tuple[str, Signal]]:
    for line, cells in rows(path, reading, lambda names: choose(names, KNOWN, wanted)):
        if reading.columns is None:
            continue
        row = {
            name: cells[place].strip() for place, name in reading.columns.fields.items()
        }
        try:
            _refuse_unclean(row)
            subject = _subject(row, secret)
            yield subject, parse_signal(row, today=today, life=life)
        except SignalInvalid as error:
            reading.found(line, error.field, error.reason)


def _refuse_unclean(row: dict[str, str]) -> None:
    for name, text in row.items():
        if reason := unclean(text):
            raise SignalInvalid(name, reason)


def _subject(row: dict[str, str], secret: str) -> str:
    """Whom a signal is about: one person, or everybody at an account's domain."""
    email, account = row.get("email", ""), row.get("account", "")
    if bool(email) == bool(account):
        raise SignalInvalid("email", "or account has to be filled in, and not both")
    if email:
        if reason := address_problem(email):
            raise SignalInvalid("email", reason)
        return address_hash(secret, normal_address(email))
    if reason := domain_problem(account):
        raise SignalInvalid("account", reason)
    domain = account.encode("idna").decode().lower()
    if provider_of(domain) != "other":
        raise SignalInvalid("account", "is a mailbox provider, not a company")
    return domain
