from __future__ import annotations

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
