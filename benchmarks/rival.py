"""Another process that writes to the same database, on a beat.

Run as `python -m benchmarks.rival DATABASE PER_SECOND`; ends on SIGTERM and prints
how many transactions it made.
"""

from __future__ import annotations

import signal
import sqlite3
import sys
import time


def run(database: str, per_second: float) -> int:
    """Commit one row at a time, as a worker that keeps a fact does."""
    is_asked = False

    def stop(*_facts: object) -> None:
        nonlocal is_asked
        is_asked = True

    signal.signal(signal.SIGTERM, stop)
    connection = sqlite3.connect(database, isolation_level=None, timeout=30)
    connection.execute("PRAGMA synchronous = NORMAL")
    done, began = 0, time.monotonic()
    while not is_asked:
        time.sleep(max(0.0, began + done / per_second - time.monotonic()))
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            "INSERT INTO inbox (source, external_id, response, created_at)"
            " VALUES ('bench', ?, '', '2026-01-01 00:00:00')",
            (str(done),),
        )
        connection.execute("COMMIT")
        done += 1
    connection.close()
    return done


if __name__ == "__main__":
    print(run(sys.argv[1], float(sys.argv[2])), flush=True)
