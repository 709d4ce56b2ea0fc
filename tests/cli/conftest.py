"""Runs `drscreen` as people do: a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from drscreen.adapters.imaging.phantom import draw_phantom
from drscreen.domain.grading import Grade
from drscreen.domain.image import Laterality
from tests.bundles import write_random_bundle

Ran = subprocess.CompletedProcess[str]
Run = Callable[..., Ran]


@pytest.fixture
def drscreen(tmp_path: Path) -> Run:
    """Call with arguments; `stdin` is what the process reads. The home is the test's own."""

    def run(*arguments: object, stdin: str = "") -> Ran:
        environment = {
            k: v for k, v in os.environ.items() if k not in {"DISPLAY", "WAYLAND_DISPLAY"}
        }
        return subprocess.run(
            [sys.executable, "-m", "drscreen", *map(str, arguments)],
            env=environment | {"DRSCREEN_HOME": str(tmp_path / "home")},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    return run


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_random_bundle(tmp_path_factory.mktemp("bundles") / "trial")


@pytest.fixture(scope="session")
def photograph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    drawing = draw_phantom(Grade.MODERATE, seed=5, eye=Laterality.OD, size=700)
    path = tmp_path_factory.mktemp("drawings") / "drawing.jpg"
    Image.frombytes("RGB", (drawing.width, drawing.height), drawing.pixels).save(path, quality=92)
    return path
