from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.cli.conftest import Run


def test_support_bundle_of_a_working_clinic_tells_nothing_of_it(
    drscreen: Run, tmp_path: Path
) -> None:
    made = drscreen(
        "init",
        "--user",
        "canarynora",
        "--clinic",
        "Canary Hill",
        "--password-file",
        "-",
        stdin="correct horse battery",
    )
    assert made.returncode == 0
    out = tmp_path / "support.zip"
    ran = drscreen("support-bundle", "--no-selftest", "--out", out)
    assert ran.returncode == 0, ran.stderr
    with zipfile.ZipFile(out) as bundle:
        text = "".join(bundle.read(name).decode() for name in bundle.namelist()).lower()
    for canary in ("canary", made.stdout.strip().lower(), str(tmp_path).lower()):
        assert canary not in text
    assert drscreen("support-bundle", "--no-selftest", "--out", out).returncode == 1


def test_a_command_that_crashed_is_in_the_bundle(drscreen: Run, tmp_path: Path) -> None:
    code = (
        "import sys, faulthandler\n"
        "from drscreen.cli.app import app\n"
        "@app.command()\n"
        "def crash() -> None:\n"
        "    faulthandler._sigsegv()\n"
        "from drscreen.__main__ import main\n"
        "main()\n"
    )
    home = tmp_path / "other home"
    (home / "store").mkdir(parents=True)
    ran = subprocess.run(
        [sys.executable, "-c", code, "crash"],
        env=os.environ | {"DRSCREEN_HOME": str(home)},
        check=False,
        timeout=120,
    )
    assert ran.returncode not in {0, 1}
    out = tmp_path / "support.zip"
    bundled = drscreen("support-bundle", "--no-selftest", "--home", home, "--out", out)
    assert bundled.returncode == 0, bundled.stderr
    with zipfile.ZipFile(out) as bundle:
        text = "".join(bundle.read(name).decode() for name in bundle.namelist())
    assert "Segmentation fault" in text
    assert "crash" in text
    assert str(tmp_path) not in text
