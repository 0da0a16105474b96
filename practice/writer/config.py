"""What a practice writer needs to know before it starts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PracticeWriter:
    """Settings of one practice writer.

    Attributes:
        latency: Least and most seconds a call takes, so that progress is visible.
        slow: Seconds the model `sample-writer-slow` takes.
        retry_after: Seconds that `sample-writer-limited` asks a caller to wait.
    """

    latency: tuple[float, float] = (1.0, 3.0)
    slow: float = 120.0
    retry_after: int = 2
