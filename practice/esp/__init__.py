"""A practice ESP: subsets of SendGrid v3 and SparkPost over HTTP, with an audience."""

from practice.esp.app import build_app
from practice.esp.config import PracticeEsp

__all__ = ["PracticeEsp", "build_app"]
