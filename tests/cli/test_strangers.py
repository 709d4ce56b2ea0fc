"""Installed packages that offer themselves to the libraries that drscreen is made of."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.adapters.store.samples import PASSWORD, made_store

#: Whoever of these finds a package loads it: torch and alembic when they are imported.
GROUPS = (
    *("torch.backends", "alembic.plugins", "sqlalchemy.plugins", "sqlalchemy.dialects"),
    *("pydantic", "pygments.lexers", "pygments.styles", "networkx.backends"),
    *("networkx.backend_info", "fsspec.specs", "matplotlib.backend", "drscreen.notifiers"),
)


@pytest.fixture
def stranger(tmp_path: Path) -> Path:
    """A folder of one package; a file `ran` stands beside its module once anything of it ran."""
    folder = tmp_path / "packages"
    info = folder / "stranger-1.0.dist-info"
    info.mkdir(parents=True)
    (folder / "stranger.py").write_text(
        "from pathlib import Path\n"
        "Path(__file__).with_name('ran').touch()\n"
        "def setup(*_, **__):\n    return None\n"
    )
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: stranger\nVersion: 1.0\n")
    lines = (f"[{group}]\nstranger = stranger:setup\n" for group in GROUPS)
    (info / "entry_points.txt").write_text("".join(lines))
    return folder


@pytest.mark.parametrize(
    "words",
    [
        ("audit", "verify", "--user", "Nora", "--password-file", "-"),
        ("outbox", "send", "--user", "Nora", "--password-file", "-"),
        ("model", "verify", "lite"),
    ],
)
def test_no_library_runs_a_strangers_package(
    words: tuple[str, ...], stranger: Path, tmp_path: Path
) -> None:
    made_store(tmp_path / "home")
    path = os.pathsep.join([str(stranger), *filter(None, sys.path)])
    ran = subprocess.run(
        [sys.executable, "-m", "drscreen", *words],
        env=os.environ | {"PYTHONPATH": path, "DRSCREEN_HOME": str(tmp_path / "home")},
        input=PASSWORD,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stderr
    assert not (stranger / "ran").exists()


def test_a_stranger_would_run_where_nobody_kept_it_out(stranger: Path) -> None:
    """What is kept out is there."""
    path = os.pathsep.join([str(stranger), *filter(None, sys.path)])
    subprocess.run(
        [sys.executable, "-c", "import alembic.runtime.migration"],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert (stranger / "ran").exists()
