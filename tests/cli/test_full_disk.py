from __future__ import annotations

from pathlib import Path

import pytest

from tests.adapters.store.samples import PASSWORD, made_store, unlocked
from tests.cli.conftest import Run
from tests.fixtures.freeze import fill
from tests.torture.disks import filled_up, remount, small_disk


@pytest.mark.parametrize("mode", ["full", "read-only"])
def test_commands_read_and_say_so(drscreen: Run, tmp_path: Path, mode: str) -> None:
    try:
        with small_disk(tmp_path / "disk", 6) as disk:
            made_store(disk / "home")
            opened = unlocked(disk / "home")
            fill(opened)
            opened.close()
            if mode == "full":
                filled_up(disk)
            else:
                remount(disk, "ro")
            check_commands(drscreen, disk / "home", tmp_path / "out")
    except PermissionError as error:
        pytest.skip(f"mounting: {error}")


def check_commands(drscreen: Run, home: Path, out: Path) -> None:
    who = ("--user", "Nora", "--password-file", "-", "--home", home)
    ran = drscreen("audit", "verify", *who, stdin=PASSWORD)
    assert ran.returncode == 0, ran.stderr
    assert "reading only" in ran.stderr
    assert "was not saved" not in ran.stderr
    assert "every link holds" in ran.stderr
    ran = drscreen("patient", "export", *who, "--mrn", "A-17", "--out", out, stdin=PASSWORD)
    assert ran.returncode == 0, ran.stderr
    assert list(out.glob("*.pdf"))
    ran = drscreen("user", "recovery-code", *who, stdin=PASSWORD)
    assert ran.returncode == 1
    assert "reading only" in ran.stderr
