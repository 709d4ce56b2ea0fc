"""A judge of passwords that lets every one pass, for tests about something else."""

from __future__ import annotations

from collections.abc import Collection


def any_password(_password: str, _words: Collection[str]) -> str:
    return ""
