"""A writer that is made once it is needed: most processes of a desk never write."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import cached_property
from importlib import import_module

from pipeline.writers.port import RawReply, Repair, Writer, WriteRequest


def load() -> None:
    """Load the library behind the writer, which takes a second, before it is asked."""
    import_module("pipeline.writers.openai")


class LateWriter:
    """Implements `pipeline.writers.port.Writer` by one that it makes when first asked."""

    def __init__(self, make: Callable[[], Writer]) -> None:
        self._make = make

    @cached_property
    def _made(self) -> Writer:
        return self._make()

    @property
    def endpoint(self) -> str:
        return self._made.endpoint

    @property
    def is_sample(self) -> bool:
        return self._made.is_sample

    def call(
        self,
        request: WriteRequest,
        *,
        timeout: timedelta,
        repair: Repair | None = None,
    ) -> RawReply:
        """See `Writer.call`."""
        return self._made.call(request, timeout=timeout, repair=repair)

    def close(self) -> None:
        # not made only to be closed
        if "_made" in self.__dict__:
            self._made.close()
