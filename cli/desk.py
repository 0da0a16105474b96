"""Which desk a command talks to: the one that runs here, or the environment's."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

from domain.errors import Refused

if TYPE_CHECKING:
    from pipeline.playbook import Playbook
    from pipeline.settings import Settings
    from storage.engine import Database

RUN_FILE: Final = "run.json"
LOCK_FILE: Final = "up.lock"
SECRETS_FILE: Final = "secrets.json"
_OWNER_ONLY: Final = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A desk that `copydesk up` started and keeps.

    Attributes:
        page: What a person opens.
        env: What its processes were given, secrets included.
    """

    pid: int
    page: str
    env: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What a command needs to read and write the record: no Slack, no broker."""

    settings: Settings
    playbook: Playbook
    database: Database


def data_dir() -> Path:
    """Where everything is kept (COPYDESK_DATA_DIR, else `.copydesk`)."""
    return Path(os.environ.get("COPYDESK_DATA_DIR") or ".copydesk").absolute()


def playbook_dir() -> Path:
    """The playbook: as set, else here, else the one that Copydesk came with."""
    given = os.environ.get("COPYDESK_PLAYBOOK")
    if given:
        return Path(given).absolute()
    here = Path("playbook").absolute()
    return here if here.is_dir() else Path(__file__).parents[1] / "playbook"


def lock(folder: Path) -> IO[str] | None:
    """Take the folder's one lock, held until the file closes; None when it is taken."""
    # the descriptor is not inherited, so a child can never keep the lock alive
    handle = (folder / LOCK_FILE).open("a+", encoding="utf-8")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        return None
    return handle


def running(folder: Path) -> Running | None:
    """The desk that runs on this data folder now, if any."""
    if not (folder / RUN_FILE).is_file():
        return None
    free = lock(folder)
    if free is not None:
        # left behind by a supervisor that was killed
        free.close()
        return None
    try:
        raw = json.loads((folder / RUN_FILE).read_text(encoding="utf-8"))
        return Running(pid=raw["pid"], page=raw["page"], env=raw["env"])
    except (OSError, ValueError, KeyError):
        # it is just starting or just ending
        return None


def environment() -> dict[str, str]:
    """The environment a command works in.

    That of the desk running on the data folder, unless DATABASE_URL names another
    desk's record; else what is set, and the secrets made on an earlier start, so
    that a stopped desk can be looked at.
    """
    folder = data_dir()
    own = {name: value for name, value in os.environ.items() if value}
    here = running(folder)
    if here is not None and own.get("DATABASE_URL") in (
        None,
        here.env.get("DATABASE_URL"),
    ):
        return {**own, **here.env}
    made = read_json(folder / SECRETS_FILE)
    base = {
        "COPYDESK_DATA_DIR": str(folder),
        "COPYDESK_PLAYBOOK": str(playbook_dir()),
    }
    if "secret_key" in made:
        base["COPYDESK_SECRET_KEY"] = str(made["secret_key"])
    return {**base, **own}


def settings() -> Settings:
    """Read the environment of `environment()`.

    Raises:
        Refused: A variable cannot be what it is; its value is not repeated.
    """
    from pydantic import ValidationError

    from pipeline.settings import Settings

    env = environment()
    os.environ.update(env)
    try:
        # every field comes from the environment
        return Settings()  # type: ignore[call-arg]  # which mypy cannot know
    except ValidationError as error:
        wrong = error.errors(include_input=False, include_url=False)
        said = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in wrong)
        raise Refused(f"The environment does not hold together: {said}.") from error


@contextmanager
def open_desk() -> Iterator[Desk]:
    """The record of the desk, for one command.

    Raises:
        Refused: There is no database yet, or it is of another version.
    """
    from pipeline.playbook_scaled import playbook_of
    from pipeline.wall_clock import utc_now
    from storage import queries
    from storage.engine import Database
    from storage.migrate import is_current

    given = settings()
    _refuse_missing(given)
    database = Database(given.database_address, utc_now)
    try:
        if not is_current(database):
            raise Refused(
                "The database is not of this version yet; run `copydesk migrate`."
            )
        playbook = playbook_of(given).joined(database.read(queries.roster))
        yield Desk(settings=given, playbook=playbook, database=database)
    finally:
        database.close()


def _refuse_missing(given: Settings) -> None:
    """Say so instead of making an empty database in the wrong folder."""
    if given.database_url or (given.data_dir / "copydesk.db").is_file():
        return
    raise Refused(
        f"There is no desk in {given.data_dir} yet. Start one with `copydesk up`,"
        " or set COPYDESK_DATA_DIR or DATABASE_URL."
    )


def read_json(path: Path) -> dict[str, Any]:
    """A small JSON file of ours; empty when it is missing or cut short."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return raw if isinstance(raw, dict) else {}


def write_private(path: Path, content: Mapping[str, Any]) -> None:
    """Replace a file in one step; only its owner can ever read it."""
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def made_secrets(folder: Path) -> dict[str, str]:
    """The secrets of this data folder, made once on its first start."""
    path = folder / SECRETS_FILE
    kept = {name: str(value) for name, value in read_json(path).items()}
    made = {
        "secret_key": secrets.token_hex(32),
        "signing_secret": secrets.token_hex(16),
        "bot_token": f"xoxb-practice-{secrets.token_hex(12)}",
        "app_token": f"xapp-practice-{secrets.token_hex(12)}",
        "esp_key": f"SG.practice.{secrets.token_hex(16)}",
        "conversions_secret": secrets.token_hex(16),
        "broker_password": secrets.token_hex(16),
    }
    if not set(made) <= set(kept):
        kept = {**made, **kept}
        write_private(path, kept)
    return kept
