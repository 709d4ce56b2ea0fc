"""Passwords in files and on standard input, as Windows, shells and editors write them."""

from __future__ import annotations

import codecs
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.conftest import Run

PASSWORD = "Sechs-Pferde-größer-9"
DRSCREEN = (sys.executable, "-m", "drscreen")
WRITTEN = {
    "UTF-8 with a mark": codecs.BOM_UTF8 + PASSWORD.encode() + b"\r\n",
    "UTF-16": codecs.BOM_UTF16_LE + f"{PASSWORD}\r\nanother line".encode("utf-16-le"),
    "UTF-16, big-endian": codecs.BOM_UTF16_BE + PASSWORD.encode("utf-16-be"),
    "old Mac": PASSWORD.encode() + b"\rnotes",
    "more lines": PASSWORD.encode() + b"\n\nnotes\n",
}


def test_a_password_is_the_same_however_its_file_was_written(drscreen: Run, tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_bytes(PASSWORD.encode())
    made = drscreen("init", "--user", "asha", "--password-file", plain)
    assert made.returncode == 0, made.stderr
    for name, data in WRITTEN.items():
        file = tmp_path / name
        file.write_bytes(data)
        ran = drscreen("user", "list", "--user", "asha", "--password-file", file)
        assert ran.returncode == 0, (name, ran.stderr)
        piped = subprocess.run(
            [*DRSCREEN, "user", "list", "--user", "asha", "--password-file", "-"],
            env=os.environ | {"DRSCREEN_HOME": str(tmp_path / "home")},
            input=data,
            capture_output=True,
            check=False,
            timeout=120,
        )
        assert piped.returncode == 0, (name, piped.stderr)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "is empty"),
        (b"\n" + PASSWORD.encode(), "nothing in its first line"),
        (PASSWORD.encode("latin-1"), "not written in UTF-8"),
        (PASSWORD.encode("utf-16-be"), "UTF-16 without its mark"),
    ],
)
def test_what_is_no_password_says_why(drscreen: Run, tmp_path: Path, data: bytes, why: str) -> None:
    file = tmp_path / "pw"
    file.write_bytes(data)
    ran = drscreen("user", "list", "--user", "asha", "--password-file", file)
    assert ran.returncode == 2
    assert why in " ".join(ran.stderr.replace("│", " ").split())


def test_a_password_file_that_is_not_there_or_is_a_folder(drscreen: Run, tmp_path: Path) -> None:
    for file, why in (
        (tmp_path / "none", "no such file"),
        (tmp_path, "folder stands where a file"),
    ):
        ran = drscreen("user", "list", "--user", "asha", "--password-file", file)
        assert ran.returncode == 2
        assert why in " ".join(ran.stderr.replace("│", " ").split())
