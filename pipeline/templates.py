"""Compiled texts, kept per revision and list, so that a chunk does not compile again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from threading import Lock
from typing import Final

from domain.personalize import Footer, common_values
from domain.privacy import FieldRule, Privacy
from domain.variant import Copy
from pipeline.merge import Template, crowd_fields

MOST: Final = 32
"""Arms of as many campaigns as are sent or looked at at one time."""


@dataclass(slots=True)
class Templates:
    """What one process has compiled; the oldest makes room."""

    _kept: OrderedDict[Hashable, Template] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def of(
        self,
        text: Copy,
        footer: Footer,
        privacy: Privacy,
        *,
        crowd: Hashable,
        counts: Callable[[FieldRule], Iterable[tuple[str, int]]],
    ) -> Template:
        """The compiled text, with what enough recipients of the list share.

        Args:
            crowd: Names the list as it is now; another list may share other values.
            counts: How many of the list have each value; asked once per list, and only
                for fields of this text that a crowd has to share.

        Raises:
            TemplateBroken: As `Template`.
            CannotRender: As `Template`.
        """
        key = (text.sha256, footer, tuple(privacy.fields.values()), crowd)
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
                return found
        # outside the lock: counting a long list takes a while
        common = {
            rule.path: common_values(rule, counts(rule))
            for rule in crowd_fields(text, privacy)
        }
        made = Template(text, footer, privacy, common=common)
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return made
