"""What Slack makes of typed text: entities, mentions and links."""

from __future__ import annotations

import re
from typing import Final

from practice.slack.world import World, people

MENTION: Final = re.compile(r"(?<![\w@.])@([a-z0-9][a-z0-9._-]*)")
CHANNEL: Final = re.compile(r"(?<![\w#&/])#([a-z0-9][a-z0-9_-]*)")
LINK: Final = re.compile(r"https?://[^\s<>|\"]+[^\s<>|\".,;:!?)\]}']")
BROADCASTS: Final = frozenset({"here", "channel", "everyone"})


def entities(text: str) -> str:
    """Escape the three characters Slack reserves."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plain_command(text: str) -> str:
    """Return a slash command's text for an app that did not ask for escaping."""
    return entities(text)


def escaped_command(world: World, text: str) -> str:
    """Return a slash command's text with `<@U…|name>`, `<#C…|name>` and `<url>`."""
    return _marked(world, text, with_names=True)


def message(world: World, text: str) -> str:
    """Return what a person's typed message is stored as."""
    return _marked(world, text, with_names=False)


def _marked(world: World, text: str, *, with_names: bool) -> str:
    """Mark links first and the rest between them, so that a link's # stays its own."""
    parts, last = [], 0
    for link in LINK.finditer(text):
        between = entities(text[last : link.start()])
        parts += [_mentions(world, between, with_names=with_names)]
        parts += [f"<{entities(link.group())}>"]
        last = link.end()
    parts.append(_mentions(world, entities(text[last:]), with_names=with_names))
    return "".join(parts)


def _mentions(world: World, text: str, *, with_names: bool) -> str:
    by_name = {person.name: person.id for person in people()}
    channels = {c.name: c.id for c in world.channels.values() if not c.is_im}

    def user(found: re.Match[str]) -> str:
        name = found.group(1)
        if name in BROADCASTS and not with_names:
            return f"<!{name}>"
        if name not in by_name:
            return found.group()
        return f"<@{by_name[name]}{f'|{name}' if with_names else ''}>"

    def channel(found: re.Match[str]) -> str:
        name = found.group(1)
        return f"<#{channels[name]}|{name}>" if name in channels else found.group()

    return CHANNEL.sub(channel, MENTION.sub(user, text))
