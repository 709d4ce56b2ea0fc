"""Tables and sentences show data as data, in whatever terminal or pipe they arrive."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import drscreen as package
from drscreen.cli.output import DataTable, print_table
from drscreen.cli.visible import visible
from tests.cli.conftest import Run

DRSCREEN = (sys.executable, "-m", "drscreen", "screen")
NAME = "[red]OD :eye: ü漢.jpg"


def shown(capsys: pytest.CaptureFixture[str], *cells: str) -> str:
    table = DataTable("[b]heading", title="[i]title", caption="[u]caption")
    for cell in cells:
        table.row(cell)
    print_table(table)
    return capsys.readouterr().out


def test_every_part_of_a_table_is_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, "[red]OD.jpg", "[link=file:///etc]x[/]", ":eye:", "a\\[b]")
    for text in ("[red]OD.jpg", "[link=file:///etc]x[/]", ":eye:", "a\\[b]"):
        assert text in out
    assert "[b]heading" in out and "[i]title" in out and "[u]caption" in out


def test_nothing_in_a_table_acts_on_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    out = shown(capsys, "a\x1b[2Jb", "c\rd", "e\nf", "g\u202egpj.DO", "h\udce9", "i\x9b31m")
    for text in (r"a\x1b[2Jb", r"c\rd", r"e\nf", r"g\u202egpj.DO", r"h\udce9", r"i\x9b31m"):
        assert text in out


def test_letters_of_every_script_stay_as_they_are() -> None:
    for name in ("Ünal", "श्री", "\u0dc1\u0dca\u200d\u0dbb\u0dd3", "عائشة", "漢字", "a b"):
        assert visible(name) == name


@pytest.mark.parametrize(
    "encoding", [{"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "cp1252"}, {"LC_ALL": "C"}]
)
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_pipe_of_another_code_page_gets_it_all(
    tmp_path: Path, photograph: Path, bundle: Path, encoding: dict[str, str], options: tuple[str]
) -> None:
    file = tmp_path / NAME
    shutil.copy(photograph, file)
    ran = subprocess.run(
        [*DRSCREEN, str(file), str(tmp_path / "gone ü.jpg"), "--model", str(bundle), *options],
        env=os.environ | {"DRSCREEN_HOME": str(tmp_path / "home")} | encoding,
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert ran.returncode == 1, ran.stderr
    assert b"Traceback" not in ran.stderr
    assert b"[red]OD :eye:" in ran.stdout
    if options:
        assert rb"\u00fc\u6f22.jpg" in ran.stdout


def test_a_name_that_is_no_text_is_listed(
    drscreen: Run, tmp_path: Path, photograph: Path, bundle: Path
) -> None:
    file = os.fsencode(tmp_path) + b"/\xe9\x1b[31mOD.jpg"
    try:
        Path(os.fsdecode(file)).write_bytes(photograph.read_bytes())
    except OSError:
        pytest.skip("this file system wants names in UTF-8")
    ran = drscreen("screen", os.fsdecode(file), "--model", bundle)
    assert ran.returncode == 0, ran.stderr
    assert r"\udce9\x1b[31mOD.jpg" in ran.stdout
    assert "\x1b" not in ran.stdout


def test_one_class_makes_every_table() -> None:
    """rich reads markup in what is given to its own tables and consoles."""
    at_fault = []
    folder = Path(package.__file__).parent
    for file in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            module = node.module if isinstance(node, ast.ImportFrom) else ""
            if module in {"rich.table", "rich.markup"} and file.name != "output.py":
                at_fault.append(file.relative_to(folder))
    assert at_fault == []
