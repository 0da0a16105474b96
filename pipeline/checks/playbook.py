"""The team's own files that linting reads: policy, footer and dictionary."""

from __future__ import annotations

from pathlib import Path

import yaml

from domain.channel import Channel
from domain.folding import fold
from domain.lint import Policy, PolicyRefused, parse_policy, rules_of
from domain.personalize import Footer
from pipeline.playbook_values import LOADER


def load_policies(playbook: Path) -> dict[Channel, Policy]:
    """Read the policies the playbook has; a desk without mail's cannot start.

    Raises:
        PolicyRefused: A file is not YAML or names an unknown rule, or mail's is missing.
    """
    return {
        each: load_policy(playbook, each)
        for each in Channel
        if each.is_mailed or (playbook / "policies" / f"{each}.yaml").exists()
    }


def load_policy(playbook: Path, channel: Channel = Channel.EMAIL) -> Policy:
    """Read `policies/CHANNEL.yaml`.

    Raises:
        PolicyRefused: The file is missing, is not YAML, or names an unknown rule.
    """
    raw = _mapping(playbook / "policies" / f"{channel}.yaml")
    return parse_policy(raw, rules_of(channel))


def load_footer(playbook: Path) -> Footer:
    """Read `brand/footer.yaml`; keys are the fields of `Footer`.

    Raises:
        PolicyRefused: The file is missing or lacks or misnames a key.
    """
    path = playbook / "brand" / "footer.yaml"
    given = {key: str(value or "") for key, value in _mapping(path).items()}
    try:
        return Footer(**given)
    except TypeError as error:
        keys = "sender_name, company, postal_address, reason, unsubscribe_label"
        raise PolicyRefused(f"{path.name} must hold {keys} and no more.") from error


def load_dictionary(playbook: Path) -> frozenset[str]:
    """Read `brand/dictionary.txt`, a word per line, # for remarks; may be absent."""
    path = playbook / "brand" / "dictionary.txt"
    if not path.is_file():
        return frozenset()
    lines = path.read_text(encoding="utf-8").splitlines()
    words = (line.partition("#")[0].strip() for line in lines)
    return frozenset(fold(word).text for word in words if word)


def _mapping(path: Path) -> dict[str, object]:
    try:
        raw = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506  # safe
    except OSError as error:
        raise PolicyRefused(f"The playbook has no {path.name}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise PolicyRefused(f"{path.name} is not readable YAML.") from error
    if not isinstance(raw, dict):
        raise PolicyRefused(f"{path.name} must be a table of names and values.")
    return {str(key): value for key, value in raw.items()}
