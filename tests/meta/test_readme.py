"""Both README lines, run as they stand, in a clean clone with a clean environment."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.meta.readme import line_below
from tests.shared_data import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    target = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(ROOT), str(target)], check=True)
    return target


def run(line: str, clone: Path, **extra: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if k in {"PATH", "LANG"} or "PIP" in k}
    kept |= {k: v for k, v in os.environ.items() if k.lower().endswith(("_proxy", "cert_file"))}
    environment = kept | {"HOME": str(clone.parent), "DRSCREEN_HOME": str(clone.parent / "home")}
    # The virtual environment of this very test must not stand before the clone's own python3.
    path = [p for p in kept["PATH"].split(os.pathsep) if ".venv" not in p]
    environment["PATH"] = os.pathsep.join(path)
    return subprocess.run(
        ["bash", "-c", line],
        cwd=clone,
        env=environment | extra,
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
    )


def test_the_first_line_runs_the_main_job(clone: Path) -> None:
    ran = run(line_below("Run it"), clone)
    assert ran.returncode == 0, ran.stderr
    assert "phantom_demo-001_grade0_od.jpg" in ran.stdout
    assert "not gradable: out of focus" in ran.stdout
    assert "There is no screen here" in ran.stderr
    assert (clone.parent / "home" / "demonstration").is_dir()


def test_the_second_line_runs_the_tests(clone: Path) -> None:
    # A part of them: .ci/run runs this same line over all of them.
    ran = run(line_below("Test it"), clone, PYTEST_ADDOPTS="tests/domain tests/services")
    assert ran.returncode == 0, ran.stdout
    assert " passed" in ran.stdout
