"""What the program writes for people is its owner's alone, and its process keeps to itself."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from drscreen.private_files import make_private_folder, new_private_file, write_privately
from tests.adapters.store.samples import PASSWORD, made_store, unlocked
from tests.cli.conftest import Run
from tests.fixtures.freeze import fill
from tests.shared_data import ROOT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="asks for POSIX permissions")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.fixture(autouse=True)
def generous_umask() -> object:
    before = os.umask(0o000)
    yield
    os.umask(before)


def test_files_and_folders_are_the_owners_whatever_the_umask(tmp_path: Path) -> None:
    make_private_folder(tmp_path / "a" / "b")
    assert {mode(tmp_path / "a"), mode(tmp_path / "a" / "b")} == {0o700}
    written = tmp_path / "a" / "page.html"
    written.write_bytes(b"older, for everybody")
    written.chmod(0o666)
    write_privately(written, b"newer")
    assert (mode(written), written.read_bytes()) == (0o600, b"newer")
    with os.fdopen(new_private_file(tmp_path / "new"), "wb") as file:
        assert mode(tmp_path / "new") == 0o600
        file.write(b"x")
    with pytest.raises(FileExistsError):
        new_private_file(tmp_path / "new")
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["a", "b", "new", "page.html"]


def test_exports_overlays_and_support_bundles_are_the_owners(
    drscreen: Run, tmp_path: Path, bundle: Path, photograph: Path
) -> None:
    made_store(tmp_path / "home")
    opened = unlocked(tmp_path / "home")
    fill(opened)
    opened.close()
    who = ("--user", "Nora", "--password-file", "-")
    out = tmp_path / "given"
    for words in (
        ("patient", "export", "--mrn", "A-17", "--out", out / "patient", *who),
        ("audit", "export", "--out", tmp_path / "given" / "audit.jsonl", *who),
        ("screen", photograph, "--model", bundle, "--overlay", out / "overlays", "--json"),
    ):
        ran = drscreen(*words, stdin=PASSWORD)
        assert ran.returncode == 0, ran.stderr
    made = [out, *out.rglob("*")]
    assert {path.name for path in made} >= {"patient.json", "patient.pdf", "audit.jsonl"}
    assert any(path.suffix == ".png" for path in made)
    for path in made:
        assert mode(path) == (0o700 if path.is_dir() else 0o600), path


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's names for it")
def test_process_leaves_no_core_and_is_read_by_nobody() -> None:
    asked = (
        "import json, os, resource, ctypes; from drscreen.own_process import keep_to_itself; "
        "keep_to_itself(); print(json.dumps([resource.getrlimit(resource.RLIMIT_CORE), "
        "ctypes.CDLL(None).prctl(3, 0, 0, 0, 0), os.umask(0)]))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert json.loads(ran.stdout) == [[0, 0], 0, 0o077]


@pytest.mark.skipif(sys.platform != "linux", reason="Linux's names for it")
def test_data_key_is_kept_out_of_the_swap() -> None:
    asked = (
        "import resource; from drscreen.own_process import lock_in_memory; import secrets; "
        "held = lambda: [l for l in open('/proc/self/status') if l.startswith('VmLck')][0].split()"
        "[1]; before = int(held()); key = secrets.token_bytes(32); lock_in_memory(key); "
        "print(before, held(), resource.getrlimit(resource.RLIMIT_MEMLOCK)[0])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True
    )
    before, held, allowed = map(int, ran.stdout.split())
    assert held > before or 0 <= allowed < 8192, "where the system lets it"


def test_program_begins_with_it() -> None:
    source = (ROOT / "drscreen" / "__main__.py").read_text(encoding="utf-8")
    body = source[source.index("def main()") :].splitlines()
    assert body[2].strip() == "keep_to_itself()"
