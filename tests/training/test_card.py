from __future__ import annotations

from drscreen.training.card import _in_bf16, _looked_at_before, _started_from


def test_a_start_from_imported_weights_is_named_by_its_file() -> None:
    start = {
        "file": "original",
        "sha256": "ab",
        "architecture": "resnet152",
        "provenance": {"imported": {"file": "classifier.pt"}},
    }
    assert _started_from(start) == "original"
    assert _looked_at_before(start) == ""


def test_what_was_not_compared_in_bf16_has_no_figure() -> None:
    assert "not compared" in _in_bf16({"photographs": 9.0, "quantised_grade": 1.0})
    agreeing = _in_bf16({"bf16_grade": 0.99, "bf16_referable": 1.0})
    assert "99.00%" in agreeing and "100.00%" in agreeing
