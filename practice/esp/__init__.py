"""A practice ESP: the SendGrid v3 subset over HTTP, with an audience that reacts."""

from practice.esp.app import build_app
from practice.esp.config import PracticeEsp

__all__ = ["PracticeEsp", "build_app"]
