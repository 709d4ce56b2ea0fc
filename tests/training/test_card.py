from __future__ import annotations

from drscreen.training.card import _looked_at_before, _started_from


def test_a_start_from_imported_weights_is_named_by_its_file() -> None:
    start = {
        "file": "original",
        "sha256": "ab",
        "architecture": "resnet152",
        "provenance": {"imported": {"file": "classifier.pt"}},
    }
    assert _started_from(start) == "original"
    assert _looked_at_before(start) == ""
