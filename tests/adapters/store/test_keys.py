from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from drscreen.adapters.store.engine import open_engine
from drscreen.adapters.store.envelope import sealed_for, unsealed
from drscreen.adapters.store.key_file import KeyFile, read_key_file, write_key_file
from drscreen.adapters.store.keys import DataKey, KeyCost, account_key
from drscreen.domain.errors import DrscreenError, SignInFailed, StoreDamaged, StoreNewer
from drscreen.domain.permissions import Action
from drscreen.domain.users import Role, User
from tests.adapters.store.samples import CHEAP, PASSWORD, store_at, unlocked


def key_path(home: Path) -> Path:
    return home / "store" / "keys.json"


def forge(home: Path, change: Any) -> None:
    """Change the key file's content as a forger would: checksum put right, no copy left."""
    key_path(home).with_name("keys.json.bak").unlink(missing_ok=True)
    content = json.loads(key_path(home).read_bytes())
    change(content)
    del content["sha256"]
    plain = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    content["sha256"] = hashlib.sha256(plain).hexdigest()
    key_path(home).write_bytes(json.dumps(content, sort_keys=True, indent=1).encode() + b"\n")


def test_keys_differ_by_purpose_and_database() -> None:
    key = DataKey(b"k" * 32, b"a" * 16)
    other = DataKey(b"k" * 32, b"b" * 16)
    derived = {key.database_key(), key.vault_key(), other.database_key(), other.vault_key()}
    assert len(derived) == 4
    assert key.secret not in derived
    assert all(len(one) == 32 for one in derived)


def test_key_is_not_printed() -> None:
    key = DataKey.new()
    assert key.secret.hex() not in repr(key)
    assert repr(key.secret) not in repr(key)


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_raw_key_of_another_length_never_reaches_the_database(length: int, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        open_engine(tmp_path / "x.db", b"k" * length, b"i" * 16)


def test_envelope_opens_for_its_own_account_password_and_database_alone() -> None:
    key = DataKey.new()
    envelope = sealed_for(key, "nora", PASSWORD, CHEAP)
    assert unsealed(envelope, "nora", PASSWORD, key.database_id) == key
    assert unsealed(envelope, "eve", PASSWORD, key.database_id) is None
    assert unsealed(envelope, "nora", PASSWORD + " ", key.database_id) is None
    assert unsealed(envelope, "nora", PASSWORD, b"x" * 16) is None


def test_password_typed_on_another_system() -> None:
    key = DataKey.new()
    envelope = sealed_for(key, "nora", "Fußgänger-ｗeg", CHEAP)
    assert unsealed(envelope, "nora", "Fußga\u0308nger-weg", key.database_id) == key


def test_names_as_compared() -> None:
    assert (
        account_key("NORA")
        == account_key("ｎora")
        == account_key("\ufeffno\u200dra\u3164")
        == "nora"
    )


@pytest.mark.parametrize(
    ("memory", "passes", "lanes"), [(8, 1, 2), (2**21, 1, 1), (64, 0, 1), (64, 17, 1), (512, 1, 17)]
)
def test_absurd_cost_is_refused(memory: int, passes: int, lanes: int) -> None:
    with pytest.raises(ValueError, match="Argon2id"):
        KeyCost(memory, passes, lanes)


def test_key_file_round_trip(tmp_path: Path) -> None:
    key = DataKey.new()
    keys = KeyFile(key.database_id).with_envelope("nora", sealed_for(key, "nora", "p", CHEAP))
    write_key_file(tmp_path / "keys.json", keys, key)
    assert read_key_file(tmp_path / "keys.json") == keys
    assert sorted(path.name for path in tmp_path.iterdir()) == ["keys.json", "keys.json.bak"]
    assert (tmp_path / "keys.json").stat().st_mode & 0o077 == 0


def test_any_flipped_byte_is_named_as_damage(home: Path) -> None:
    whole = key_path(home).read_bytes()
    (home / "store" / "keys.json.bak").unlink()
    for position in range(len(whole)):
        for flip in (0x01, 0x20):
            changed = bytearray(whole)
            changed[position] ^= flip
            key_path(home).write_bytes(changed)
            with pytest.raises(StoreDamaged):
                read_key_file(key_path(home))
    for position in (0, 40, len(whole) - 2):
        key_path(home).write_bytes(whole[:position])
        with pytest.raises(StoreDamaged):
            store_at(home).open("Nora", PASSWORD)
    key_path(home).write_bytes(whole)
    unlocked(home).close()


@pytest.mark.parametrize("part", ["salt", "nonce", "sealed"])
def test_forged_envelope_never_opens(home: Path, part: str) -> None:
    size = len(json.loads(key_path(home).read_bytes())["envelopes"]["nora"][part])
    whole = key_path(home).read_bytes()
    for position in range(0, size, 5):

        def flip(content: Any, position: int = position) -> None:
            envelope = content["envelopes"]["nora"]
            digits = list(envelope[part])
            digits[position] = "0" if digits[position] != "0" else "1"
            envelope[part] = "".join(digits)

        forge(home, flip)
        with pytest.raises(SignInFailed):
            store_at(home).open("Nora", PASSWORD)
        key_path(home).write_bytes(whole)


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c["envelopes"]["nora"].update(passes=2),
        lambda c: c["envelopes"]["nora"].update(passes=1.5),
        lambda c: c["envelopes"]["nora"].update(memory_kib=10**9),
        lambda c: c["envelopes"]["nora"].update(lanes="4"),
        lambda c: c["envelopes"]["nora"].update(salt="00"),
        lambda c: c["envelopes"]["nora"].update(salt="zz" * 16),
        lambda c: c["envelopes"]["nora"].pop("nonce"),
        lambda c: c["envelopes"].clear(),
        lambda c: c.update(envelopes=[]),
        lambda c: c.update(database="00" * 16),
        lambda c: c.update(database=7),
        lambda c: c.update(format="something else"),
        lambda c: c.update(version=0),
    ],
)
def test_forged_key_file_never_opens(home: Path, change: Any) -> None:
    forge(home, change)
    with pytest.raises(DrscreenError):
        store_at(home).open("Nora", PASSWORD)


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"7", b"\xff\xfe", b"[" * 100_000])
def test_key_file_of_something_else(home: Path, content: bytes) -> None:
    (home / "store" / "keys.json.bak").unlink()
    key_path(home).write_bytes(content)
    with pytest.raises(StoreDamaged):
        store_at(home).open("Nora", PASSWORD)


def test_key_file_of_a_newer_program(home: Path) -> None:
    forge(home, lambda content: content.update(version=4))
    with pytest.raises(StoreNewer):
        store_at(home).open("Nora", PASSWORD)


def test_swapped_envelopes_open_for_nobody(home: Path) -> None:
    opened = unlocked(home)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_user(User("tess", Role.TECHNICIAN), "another password")
    opened.close()

    def swap(content: Any) -> None:
        envelopes = content["envelopes"]
        envelopes["nora"], envelopes["tess"] = envelopes["tess"], envelopes["nora"]

    forge(home, swap)
    for user in ("nora", "tess"):
        for password in (PASSWORD, "another password"):
            with pytest.raises(SignInFailed):
                store_at(home).open(user, password)


def test_envelope_without_an_account_opens_nothing_and_is_swept(home: Path) -> None:
    """What a crash between envelope and commit leaves behind."""
    before = read_key_file(key_path(home))
    opened = unlocked(home)
    with opened.transaction(Action.EDIT_PATIENTS) as records:
        records.add_user(User("tess", Role.TECHNICIAN), "another password")
    opened.close()
    with_tess = key_path(home).read_bytes()
    fresh = home.parent / "fresh"
    home.rename(fresh)
    key_path(fresh).write_bytes(with_tess)
    _forget_account(fresh)
    with pytest.raises(SignInFailed):
        store_at(fresh).open("tess", "another password")
    unlocked(fresh).close()
    assert read_key_file(key_path(fresh)) == before


def _forget_account(home: Path) -> None:
    from sqlalchemy import text

    opened = unlocked(home)
    with opened._in_use() as inner, inner.engine.begin() as connection:
        connection.execute(text("DELETE FROM users WHERE account = 'tess'"))
    opened.close()
