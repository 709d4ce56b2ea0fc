from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Run

PASSWORD = "correct horse battery"


def test_audit_verified_and_exported_by_a_script(drscreen: Run, tmp_path: Path) -> None:
    assert (
        drscreen("init", "--user", "nora", "--password-file", "-", stdin=PASSWORD).returncode == 0
    )
    common = ("--user", "nora", "--password-file", "-")
    out = tmp_path / "audit.jsonl"
    ran = drscreen("audit", "export", *common, "--out", out, stdin=PASSWORD)
    assert ran.returncode == 0, ran.stderr
    events = [json.loads(line) for line in out.read_text().splitlines()]
    assert events[0]["kind"] == "store_made"
    assert events[-1]["kind"] == "audit_exported"
    head = ran.stderr.split("Head of the audit log: ")[1].split()[0]
    ran = drscreen("audit", "list", *common, "--limit", "2", "--json", stdin=PASSWORD)
    assert [json.loads(line)["kind"] for line in ran.stdout.splitlines()] == [
        "signed_in",
        "audit_exported",
    ]
    ran = drscreen("audit", "list", *common, stdin=PASSWORD)
    assert "store_made" in ran.stdout
    ran = drscreen("audit", "verify", *common, "--head", head, "--json", stdin=PASSWORD)
    assert ran.returncode == 0, ran.stderr
    report = json.loads(ran.stdout)
    assert report["intact"]
    assert report["events"] == len(events) + 3
    ran = drscreen("audit", "verify", *common, "--head", f"3:{'0' * 20}", stdin=PASSWORD)
    assert ran.returncode == 1
    assert "BROKEN  event 3" in ran.stderr
    (tmp_path / "home" / "store" / "audit.head").unlink()
    ran = drscreen("audit", "verify", *common, stdin=PASSWORD)
    assert "ALARM" in ran.stderr
    assert "seal of the audit log is missing" in ran.stderr
