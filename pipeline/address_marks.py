"""Which addresses a file had already: eighteen to thirty-six bytes each."""

from __future__ import annotations

import hashlib
from array import array
from typing import Final

_FIRST_SLOTS: Final = 1 << 12


class AddressMarks:
    """A table of 8-byte marks with the line each was first seen on.

    A million addresses take 24 MB; a dict takes five times that. Two of a million
    addresses share a mark once in 30 million files.
    """

    def __init__(self) -> None:
        self._marks, self._lines = _slots(_FIRST_SLOTS)
        self._used = 0

    def first_line(self, address: str, line: int) -> int | None:
        """The earlier line with this address; None when it is the first."""
        digest = hashlib.blake2b(address.lower().encode(), digest_size=8).digest()
        # 0 is an empty slot
        mark = int.from_bytes(digest) or 1
        slot = self._slot(mark)
        if self._marks[slot]:
            return self._lines[slot]
        self._marks[slot], self._lines[slot] = mark, line
        self._used += 1
        if 3 * self._used > 2 * len(self._marks):
            self._grow()
        return None

    def _slot(self, mark: int) -> int:
        """Where the mark is, or would be: at its place or in the next free one."""
        marks, last = self._marks, len(self._marks) - 1
        slot = mark & last
        while marks[slot] not in (0, mark):
            slot = (slot + 1) & last
        return slot

    def _grow(self) -> None:
        marks, lines = self._marks, self._lines
        self._marks, self._lines = _slots(2 * len(marks))
        for mark, line in zip(marks, lines, strict=True):
            if mark:
                slot = self._slot(mark)
                self._marks[slot], self._lines[slot] = mark, line


def _slots(count: int) -> tuple[array[int], array[int]]:
    return array("Q", bytes(8 * count)), array("I", bytes(4 * count))
