"""The vault as a whole: own keys, strays, named problems, the first format, thumbnails."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from drscreen.adapters.store import vault
from drscreen.adapters.store.opened import SqlCipherOpenStore
from drscreen.adapters.store.photograph_keys import rewrap
from drscreen.adapters.store.vault import Vault
from drscreen.domain.errors import PhotographLost
from drscreen.domain.image import Laterality
from drscreen.domain.integrity import PhotographFault, PhotographProblem
from drscreen.domain.patient import Patient
from drscreen.domain.permissions import Action
from tests.adapters.store.samples import MONDAY, referred, unlocked
from tests.adapters.store.test_frozen import OLDEST, expected, holds, thawed
from tests.fixtures.freeze import content


def save(opened: SqlCipherOpenStore, data: bytes, eye: Laterality = Laterality.OD) -> str:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        if records.find_patient("A-17") is None:
            records.add_patient(Patient("A-17"))
        return records.save_photograph("A-17", eye, data, referred(data), recorded_at=MONDAY).id


def read(opened: SqlCipherOpenStore, photograph: str) -> bytes:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        return records.photograph_bytes(photograph)


def file_of(home: Path, opened: SqlCipherOpenStore, photograph: str) -> Path:
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        return Vault(home / "store" / "vault", b"").path(records._stored(photograph).name)


def flip(path: Path) -> None:
    changed = bytearray(path.read_bytes())
    changed[len(changed) // 2] ^= 1
    path.write_bytes(changed)


def test_every_problem_is_named_by_its_exam(home: Path, opened: SqlCipherOpenStore) -> None:
    eyes = (Laterality.OD, Laterality.OS)
    ids = [save(opened, bytes([n]) * 9000, eyes[n % 2]) for n in range(5)]
    files = [file_of(home, opened, photograph) for photograph in ids]
    files[0].unlink()
    flip(files[1])
    kept = files[2].read_bytes()
    files[2].write_bytes(files[3].read_bytes())
    files[3].write_bytes(kept)
    day = date(2026, 3, 2)
    steps: list[None] = []
    report = opened.check_photographs(lambda: steps.append(None))
    assert report.photographs == len(steps) == 5
    assert report.problems == (
        PhotographProblem(PhotographFault.MISSING, ids[0], "A-17", day, Laterality.OD),
        PhotographProblem(PhotographFault.DAMAGED, ids[1], "A-17", day, Laterality.OS),
        PhotographProblem(PhotographFault.SWAPPED, ids[2], "A-17", day, Laterality.OD),
        PhotographProblem(PhotographFault.SWAPPED, ids[3], "A-17", day, Laterality.OS),
    )
    for photograph, fault in zip(ids, ("missing", "read back", "another", "another"), strict=False):
        with pytest.raises(PhotographLost, match=fault):
            read(opened, photograph)
    assert read(opened, ids[4]) == bytes([4]) * 9000


def test_each_photograph_has_a_key_of_its_own(home: Path, opened: SqlCipherOpenStore) -> None:
    first, second = save(opened, b"one"), save(opened, b"two")
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        one, two = records._stored(first), records._stored(second)
        records._session.execute(
            text("UPDATE photographs SET sealed_key = :key WHERE uuid = :uuid"),
            {"key": two.sealed_key, "uuid": first},
        )
    assert one.sealed_key != two.sealed_key
    with pytest.raises(PhotographLost):
        read(opened, first)
    assert read(opened, second) == b"two"


def test_photograph_without_its_key_is_gone(home: Path, opened: SqlCipherOpenStore) -> None:
    """Whoever has the vault key and the file, and not the photograph's key, reads nothing."""
    photograph = save(opened, b"one")
    for lost in (os.urandom(60), b"", None):
        with opened.transaction(Action.EDIT_PATIENTS) as records:
            records._session.execute(text("UPDATE photographs SET sealed_key = :k"), {"k": lost})
        with pytest.raises(PhotographLost):
            read(opened, photograph)


def test_new_vault_key_seals_keys_and_leaves_files(home: Path, opened: SqlCipherOpenStore) -> None:
    photographs = {save(opened, bytes([n])): bytes([n]) for n in range(4)}
    files = [file_of(home, opened, photograph) for photograph in photographs]
    before = [path.read_bytes() for path in files]
    new = os.urandom(32)
    with opened._in_use() as inner:
        old = inner.vault._key
        with inner.engine.begin() as connection, Session(connection) as session:
            assert rewrap(session, old, new) == 4
        for photograph in photographs:
            with pytest.raises(PhotographLost):
                read(opened, photograph)
        inner.vault._key = new
    assert {photograph: read(opened, photograph) for photograph in photographs} == photographs
    assert [path.read_bytes() for path in files] == before


def test_first_format_is_left_after_the_upgrade_proved_itself(tmp_path: Path) -> None:
    home = thawed(OLDEST, tmp_path)
    names = set((home / "store" / "vault").rglob("*"))

    def first_format() -> int:
        return sum(
            path.is_file() and path.read_bytes().startswith(b"drscreen photograph 1")
            for path in (home / "store" / "vault").rglob("*")
        )

    unlocked(home).close()
    assert set((home / "store" / "vault").rglob("*")) == names
    assert first_format() == 4
    opened = unlocked(home)
    assert first_format() == 0
    assert holds(content(opened), expected(OLDEST))
    assert opened.check_photographs().orphans == 0
    opened.close()


def test_first_format_survives_a_new_vault_key(tmp_path: Path) -> None:
    opened = unlocked(thawed(OLDEST, tmp_path))
    new = os.urandom(32)
    with opened._in_use() as inner:
        with inner.engine.begin() as connection, Session(connection) as session:
            rewrap(session, inner.vault._key, new)
        inner.vault._key = new
    assert holds(content(opened), expected(OLDEST))
    opened.close()


def test_strays_are_put_aside_found_again_and_removed_in_the_end(
    home: Path, opened: SqlCipherOpenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, strayed = save(opened, b"kept"), save(opened, b"strayed")
    stray = file_of(home, opened, strayed)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records._session.execute(
            text("UPDATE photographs SET vault_name = 'x' WHERE uuid = :u"), {"u": strayed}
        )
    assert opened.check_photographs().orphans == 1
    assert not stray.exists()
    assert read(opened, kept) == b"kept"
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records._session.execute(
            text("UPDATE photographs SET vault_name = :n WHERE uuid = :u"),
            {"n": stray.name, "u": strayed},
        )
    assert read(opened, strayed) == b"strayed"
    aside = home / "store" / "vault" / "orphans" / stray.name
    later = time.time() + vault.ORPHANS_KEPT + 60
    monkeypatch.setattr("drscreen.adapters.store.vault.time.time", lambda: later)
    opened.check_photographs()
    assert not aside.exists()


def test_a_photograph_being_saved_is_no_stray(home: Path, opened: SqlCipherOpenStore) -> None:
    """The other window has written the file and not yet committed the row."""
    other = unlocked(home)
    saving, may_end = threading.Event(), threading.Event()
    saved: list[str] = []

    def slow() -> None:
        with other.transaction(Action.EDIT_PATIENTS) as records:
            records.add_patient(Patient("B"))
            saved.append(
                records.save_photograph(
                    "B", Laterality.OD, b"slow", referred(b"slow"), recorded_at=MONDAY
                ).id
            )
            saving.set()
            may_end.wait(10)

    thread = threading.Thread(target=slow)
    thread.start()
    assert saving.wait(10)
    threading.Timer(0.2, may_end.set).start()
    assert opened.check_photographs().orphans == 0
    thread.join(10)
    assert read(opened, saved[0]) == b"slow"
    other.close()


def test_thumbnail_is_kept_encrypted_and_bound(home: Path, opened: SqlCipherOpenStore) -> None:
    first, second = save(opened, b"one"), save(opened, b"two")
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.thumbnail(first) is None
        records.keep_thumbnail(first, b"small picture" * 50)
        assert records.thumbnail(first) == b"small picture" * 50
        assert records.thumbnail(second) is None
    thumb = file_of(home, opened, first).with_suffix(".thumb")
    assert b"small picture" not in thumb.read_bytes()
    thumb.rename(file_of(home, opened, second).with_suffix(".thumb"))
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        assert records.thumbnail(second) is None
    assert opened.check_photographs().problems == ()


def test_thumbnail_without_room_is_no_failure(home: Path, opened: SqlCipherOpenStore) -> None:
    photograph = save(opened, b"one")
    (home / "store" / "vault" / "unfinished").rmdir()
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.keep_thumbnail(photograph, b"small")
        assert records.thumbnail(photograph) is None


_opened_for_writing: list[str] | None = None


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if _opened_for_writing is not None and event == "open":
        path, _mode, flags = arguments
        if isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR):
            _opened_for_writing.append(str(path))


@pytest.fixture
def written() -> Iterator[list[str]]:
    """Every path that Python opens for writing."""
    global _opened_for_writing  # noqa: PLW0603 - an audit hook cannot be taken away again
    sys.addaudithook(_hear)
    _opened_for_writing = []
    yield _opened_for_writing
    _opened_for_writing = None


def test_no_plaintext_photograph_ever_touches_the_disk(
    home: Path, tmp_path: Path, written: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every file is read again and again, by a thread of its own, while photographs are saved,
    shown, and given thumbnails; and nothing is written outside the store at all.
    """
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path))
    canary = b"\xff\xd8 a plain photograph of an eye "
    seen: list[str] = []
    looks = 0
    done = threading.Event()

    def watch() -> None:
        nonlocal looks
        while not done.is_set():
            for path in tmp_path.rglob("*"):
                try:
                    if path.is_file() and canary in path.read_bytes():
                        seen.append(path.name)
                except OSError:
                    continue  # gone between the two
            looks += 1

    watcher = threading.Thread(target=watch)
    watcher.start()
    opened = unlocked(home)
    for n in range(25):
        photograph = save(opened, canary * 3000 + bytes([n]))
        read(opened, photograph)
        with opened.transaction(Action.EDIT_PATIENTS) as records:
            records.keep_thumbnail(photograph, canary * 20)
            records.thumbnail(photograph)
    opened.check_photographs()
    opened.close()
    done.set()
    watcher.join(20)
    assert seen == []
    assert looks > 2
    inside = (str(home / "store"), str(home / "witness"))
    assert len(written) >= 50
    assert [path for path in written if not path.startswith(inside) and path.startswith("/")] == []
