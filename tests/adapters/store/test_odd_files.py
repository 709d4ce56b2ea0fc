"""A FIFO, device, link, socket, folder or file without end where one of ours belongs: nothing
waits for it, nothing reads it to its end, and it is said what is wrong.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import FrameType

import pytest

from drscreen.adapters.imaging.reader import PillowReader
from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.adapters.store.shelf import Shelf
from drscreen.adapters.system.logging import LOG, Log
from drscreen.adapters.system.settings_file import JsonSettingsFile
from drscreen.domain.errors import BackupError, DrscreenError, PhotographError
from drscreen.domain.settings import Settings
from tests.adapters.store.backups import own, silent
from tests.adapters.store.samples import unlocked
from tests.fixtures.freeze import content

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no such files here")

#: A minute: without waiting, the slowest takes a second.
LIMIT = 20


def _link_to_nothing_ends(path: Path) -> None:
    path.symlink_to("/dev/zero")


def _link_to_itself(path: Path) -> None:
    path.symlink_to(path)


def _endless(path: Path) -> None:
    path.touch()
    os.truncate(path, 1 << 42)


def _folder(path: Path) -> None:
    path.mkdir()
    (path / "inside").write_bytes(b"mine")


def _socket(path: Path) -> None:
    # Bound by a short name: a socket's may have a hundred letters.
    with socket.socket(socket.AF_UNIX) as bound:
        here = Path.cwd()
        os.chdir(path.parent)
        try:
            bound.bind(path.name)
        finally:
            os.chdir(here)


ODD: dict[str, Callable[[Path], None]] = {
    "fifo": os.mkfifo,
    "device": _link_to_nothing_ends,
    "loop": _link_to_itself,
    "endless": _endless,
    "folder": _folder,
    "socket": _socket,
}


@pytest.fixture(autouse=True)
def nothing_hangs() -> Iterator[None]:
    def told(_number: int, _frame: FrameType | None) -> None:
        raise AssertionError("it hangs")

    before = signal.signal(signal.SIGALRM, told)
    signal.alarm(LIMIT)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(params=sorted(ODD))
def odd(request: pytest.FixtureRequest) -> Callable[[Path], None]:
    """Puts something odd in a file's place."""

    def put(path: Path) -> None:
        path.unlink(missing_ok=True)
        ODD[str(request.param)](path)

    return put


def test_in_a_backup(
    filled: SqlCipherOpenStore, folder: Path, tmp_path: Path, odd: Callable[[Path], None]
) -> None:
    filled.back_up(folder, 5)
    files = [path for path in own(folder).glob("*/**/*") if path.is_file()]
    one = next(path for path in files if path.parent.parent.name == "photographs")
    for path in [one, *(path for path in files if path.suffix)]:
        whole = path.read_bytes()
        odd(path)
        try:
            damaged = Shelf(folder).verify("", silent).damaged
        except BackupError:
            damaged = 1
        assert damaged == 1
        with pytest.raises(BackupError):
            Shelf(folder).restore("", tmp_path / "new", without_damaged=False, step=silent)
        Shelf(folder).backups()
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        path.write_bytes(whole)
    odd(one)
    if not one.is_dir():
        assert filled.back_up(folder, 5).copied == 1
        assert Shelf(folder).verify("", silent).damaged == 0


@pytest.mark.parametrize(
    "name",
    [
        *("keys.json", "keys.json.bak", "audit.head", "attempts.json", "attempts.lock"),
        *("records.db", "records.db-wal", "records.db-shm", "records.db-journal", "backup.lock"),
        *("records-before-upgrade-from-0001.db", "holiday.part"),
    ],
)
def test_in_the_store(
    home: Path, filled: SqlCipherOpenStore, odd: Callable[[Path], None], name: str
) -> None:
    """Opened with what is right, or refused with a sentence; what is odd is not removed."""
    before = content(filled)
    filled.close()
    path = home / "store" / name
    odd(path)
    try:
        opened = unlocked(home)
    except DrscreenError:
        return
    with suppress(DrscreenError):
        now = content(opened)
        assert (now["patients"], now["bytes"]) == (before["patients"], before["bytes"])
        opened.check_photographs()
        opened.verify_audit()
    opened.close()
    if name.startswith(("records-before", "holiday")):
        assert path.exists() or path.is_symlink()


def test_in_the_vault(
    home: Path, filled: SqlCipherOpenStore, odd: Callable[[Path], None], folder: Path
) -> None:
    one = next(path for path in (home / "store" / "vault").glob("??/*") if not path.suffix)
    odd(one)
    for name in ("a" * 32, "stray.thumb"):
        odd(one.parent / name)
    odd(home / "store" / "vault" / "zz")
    (problem,) = filled.check_photographs().problems
    assert problem.mrn
    assert len(filled.back_up(folder, 3).problems) == 1
    assert (one.parent / ("a" * 32)).exists() or (one.parent / ("a" * 32)).is_symlink()


def test_as_a_photograph_settings_or_log(tmp_path: Path, odd: Callable[[Path], None]) -> None:
    odd(tmp_path / "OD.jpg")
    with pytest.raises(PhotographError):
        PillowReader().read(tmp_path / "OD.jpg")
    odd(tmp_path / "settings.json")
    assert JsonSettingsFile(tmp_path / "settings.json").load() == Settings()
    log = Log(tmp_path / "logs")
    (tmp_path / "logs").mkdir()
    odd(tmp_path / "logs" / LOG)
    log.write("started")
    assert (tmp_path / "logs" / LOG).exists() or (tmp_path / "logs" / LOG).is_symlink()


def test_a_photograph_may_be_named_by_a_link(tmp_path: Path) -> None:
    (tmp_path / "there.jpg").write_bytes(b"picture")
    (tmp_path / "OD.jpg").symlink_to(tmp_path / "there.jpg")
    assert PillowReader().read(tmp_path / "OD.jpg") == b"picture"
