"""This machine's settings as a small JSON file."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from drscreen.domain.errors import StoreUnwritable
from drscreen.domain.settings import Settings
from drscreen.regular_files import read_regular

_Choice = TypeVar("_Choice", bound=StrEnum)
_MAX = 1_000_000


class JsonSettingsFile:
    """`drscreen.domain.ports.SettingsFile` at `path`. Any thread; the last save wins."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def load(self) -> Settings:
        """What was saved. Never raises: a value that cannot be understood is its default, because
        a spoilt settings file must not keep a clinic from working.
        """
        try:
            content = json.loads(read_regular(self._path, _MAX, through_links=True))
        except (OSError, ValueError, RecursionError):
            return Settings()
        if not isinstance(content, Mapping):
            return Settings()
        standard = Settings()
        model = content.get("model")
        return Settings(
            theme=_choice(content.get("theme"), standard.theme),
            device=_choice(content.get("device"), standard.device),
            model=model if isinstance(model, str) else standard.model,
        )

    def save(self, settings: Settings) -> None:
        """Keep for next time: a crash leaves the old file or the new. Raises `StoreUnwritable`."""
        content = {
            "theme": settings.theme.value,
            "device": settings.device.value,
            "model": settings.model,
        }
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._replace(json.dumps(content, indent=1).encode("ascii") + b"\n")
        except OSError as error:
            raise StoreUnwritable("The settings could not be saved.") from error

    def _replace(self, data: bytes) -> None:
        handle, name = tempfile.mkstemp(suffix=".part", dir=self._path.parent)
        unfinished = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            unfinished.replace(self._path)
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise


def _choice(value: object, standard: _Choice) -> _Choice:
    known = {choice.value: choice for choice in type(standard)}
    return known.get(value, standard) if isinstance(value, str) else standard
