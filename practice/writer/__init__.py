"""A practice writer: the OpenAI chat API over tables of sentences, no AI model."""

from practice.writer.app import build_app
from practice.writer.config import PracticeWriter

__all__ = ["PracticeWriter", "build_app"]
