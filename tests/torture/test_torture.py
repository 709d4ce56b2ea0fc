"""The table of docs/reliability.md with small counts; the large ones belong to the command."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.shared_data import ROOT


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills forks of itself")
def test_nothing_acknowledged_is_lost_and_nothing_wrong_is_served() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.torture", "--kills", "2", "--flips", "2", "--full", "2"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    rows = [row.strip("| ").split(" | ") for row in ran.stdout.splitlines()[2:]]
    lost = {row[0]: row[5] for row in rows}
    assert set(lost.values()) == {"0"}
    assert {"heavy writing, then a copy", "migration", "change of the data key", "notices"} <= set(
        lost
    )
    flipped = [row for row in rows if row[0].startswith("a flipped bit")]
    assert len(flipped) == 6
    assert all(int(row[3]) + int(row[4]) == int(row[1]) == 2 for row in flipped)
    networks = [row for row in rows if row[0].startswith("a network's flipped bit")]
    assert len(networks) == 3
    assert all(row[3] == row[1] for row in networks)
    assert {"outboxes restored", "older files put back"} <= set(lost)
    assert {"simultaneous guesses", "stale rights"} <= set(lost)
    photographs = [row for row in rows if row[0].startswith("a spoilt photograph")]
    assert len(photographs) == 4
    assert all(int(row[2]) + int(row[3]) == int(row[1]) == 2 for row in photographs)
    pages = next(row for row in rows if row[0].startswith("one older page"))
    assert int(pages[3]) + int(pages[4]) == int(pages[1]) == 2
    torn = next(row for row in rows if row[0].startswith("torn copy"))
    assert int(torn[3]) + int(torn[4]) == int(torn[1]) == 2
    assert "other people's files in a folder of backups" in lost
    if len(rows) == 28:
        assert "not tried" in ran.stderr


@pytest.mark.slow
def test_every_notice_arrives_once_through_a_service_that_fails() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.torture.post", "--notices", "200", "--kills", "0"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    row = ran.stdout.splitlines()[-2].strip("| ").split(" | ")
    assert row[0] == row[3] == "200"
    assert int(row[1]) > 0, "no fault was met"
    assert row[5:] == ["0", "0", "0"]
