from __future__ import annotations

from pathlib import Path

from drscreen.adapters.store.benchmark import TYPED, measure_store


def test_everything_is_measured_with_and_without_encryption(tmp_path: Path) -> None:
    measured = measure_store(tmp_path / "home", patients=120, events=300, repeats=2)
    assert measured.gradings == 120 * 10 + 2
    assert len(measured.timings) == len(TYPED) + 4
    assert all(0 < timing.median <= timing.most for timing in measured.timings)
    without = [timing.what for timing in measured.timings if timing.plain is None]
    assert without == ["opening, beyond Argon2id"]
    assert measured.events_per_second > 0
    assert b"SQLite format 3" in (tmp_path / "home" / "plain.db").read_bytes()[:16]
