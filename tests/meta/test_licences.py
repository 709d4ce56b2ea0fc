"""Nothing comes along whose licence binds the whole, or that nobody has read."""

from __future__ import annotations

from importlib.metadata import Distribution
from pathlib import Path

import pytest

from tests.meta.licences import installed, is_accepted, licence, plain, refused


def test_every_dependency_may_come_along() -> None:
    names = {plain(found.name) for found in installed()}
    assert {"torch", "pyside6-essentials", "cryptography", "twilio", "mypy"} <= names
    assert refused() == []


@pytest.mark.parametrize(
    ("name", "expression", "accepted"),
    [
        ("a", "MIT", True),
        ("a", "MIT OR GPL-3.0-only", True),
        ("a", "(Apache-2.0 AND MIT) OR GPL-2.0-only", True),
        ("a", "MIT AND GPL-3.0-only", False),
        ("a", "GPL-3.0-only AND (MIT OR ISC)", False),
        ("a", "MIT AND (GPL-3.0-only OR ISC)", True),
        ("a", "MIT AND (ISC", False),
        ("a", "MIT ISC", False),
        ("a", "GPL-3.0-or-later", False),
        ("a", "AGPL-3.0-only", False),
        ("a", "LGPL-3.0-only", False),
        ("fpdf2", "LGPL-3.0-only", True),
        ("fpdf2", "GPL-3.0-only", False),
        ("pyside6-essentials", "LGPL-3.0-only OR GPL-2.0-only OR GPL-3.0-only", True),
        ("a", "", False),
        ("a", "see the file", False),
    ],
)
def test_what_binds_or_is_unknown_is_refused(name: str, expression: str, accepted: bool) -> None:
    assert is_accepted(name, expression) == accepted


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("Classifier: License :: OSI Approved :: MIT License", "MIT"),
        (
            "Classifier: License :: OSI Approved :: MIT License\n"
            "Classifier: License :: OSI Approved :: GNU General Public License v3 (GPLv3)",
            "GNU General Public License v3 (GPLv3) AND MIT",
        ),
        ("Classifier: License :: OSI Approved\nLicense: MIT", "MIT"),
        ("License: AGPL", "AGPL"),
        ("License-Expression: MIT\nLicense: GPL", "MIT"),
        ("Summary: nothing", ""),
    ],
)
def test_a_licence_is_read_from_what_a_package_says(
    tmp_path: Path, lines: str, expected: str
) -> None:
    (tmp_path / "METADATA").write_text(f"Metadata-Version: 2.1\nName: some\nVersion: 1\n{lines}\n")
    assert licence(Distribution.at(tmp_path)) == expected
