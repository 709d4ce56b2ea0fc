"""The key file: which database it opens, and one envelope a person. No secrets in clear.

Beside it lies a copy, which is read where the file itself is damaged or missing.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field, replace
from operator import index
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cryptography.exceptions import InvalidTag

from drscreen.adapters.store.envelope import Envelope, unsealed
from drscreen.adapters.store.files import write_durably
from drscreen.adapters.store.keys import (
    DATABASE_ID_BYTES,
    DataKey,
    KeyCost,
    account_key,
    waste_time,
)
from drscreen.domain.errors import SignInFailed, StoreDamaged, StoreNewer
from drscreen.regular_files import LargerThanPossible, NotRegular, read_regular

FORMAT = "drscreen-keys"
VERSION = 2
BACKUP = ".bak"
#: Some thousand people.
KEY_FILE_MAX = 8_000_000
#: The account that the recovery code's envelope is bound to; no user name has a space.
RECOVERY = "the recovery code"
_PREVIOUS = b"previous data key"


@dataclass(frozen=True, slots=True)
class KeyFile:
    """The key file's content; `envelopes` by `account_key`.

    `previous` is there only while the data key is being changed: the old one, sealed under the
    new. `seal` covers everything, under the data key; empty in the first version.
    """

    database_id: bytes
    envelopes: MappingProxyType[str, Envelope] = field(default_factory=lambda: MappingProxyType({}))
    recovery: Envelope | None = None
    previous: bytes = b""
    seal: bytes = field(default=b"", compare=False)

    def with_envelope(self, account: str, envelope: Envelope) -> KeyFile:
        """The same with one more, or another, envelope."""
        return replace(self, envelopes=MappingProxyType({**self.envelopes, account: envelope}))

    def only(self, accounts: set[str]) -> KeyFile:
        """The same with these accounts' envelopes alone."""
        kept = {name: one for name, one in self.envelopes.items() if name in accounts}
        return replace(self, envelopes=MappingProxyType(kept))

    def resealed(self, data_key: DataKey, previous: DataKey | None = None) -> KeyFile:
        """Everybody's envelope for another data key; `previous` stays within reach of it."""
        envelopes = {name: one.resealed(name, data_key) for name, one in self.envelopes.items()}
        return replace(
            self,
            envelopes=MappingProxyType(envelopes),
            recovery=self.recovery.resealed(RECOVERY, data_key) if self.recovery else None,
            previous=data_key.seal(_PREVIOUS, previous.secret) if previous else b"",
        )

    def unlock(self, user_name: str, password: str) -> DataKey:
        """The data key. Raises `SignInFailed`, after the same time whatever was wrong, and
        `StoreDamaged` where the file was altered without the data key.
        """
        account = account_key(user_name)
        return self._opened(self.envelopes.get(account), account, password)

    def recover(self, code: str) -> DataKey:
        """The data key, by the recovery code. Raises as `unlock`."""
        return self._opened(self.recovery, RECOVERY, code)

    def previous_key(self, data_key: DataKey) -> DataKey | None:
        """The data key before the change that is under way. Raises `StoreDamaged`."""
        if not self.previous:
            return None
        try:
            return DataKey(data_key.unseal(_PREVIOUS, self.previous), self.database_id)
        except (InvalidTag, ValueError) as error:
            raise _damaged() from error

    def _opened(self, envelope: Envelope | None, account: str, password: str) -> DataKey:
        if envelope is None:
            some = next(iter(self.envelopes.values()), None)
            waste_time(password, some.cost if some else KeyCost())
            raise sign_in_failed()
        key = unsealed(envelope, account, password, self.database_id)
        if key is None:
            raise sign_in_failed()
        self.check(key)
        return key

    def check(self, data_key: DataKey) -> None:
        """Raise `StoreDamaged` where somebody without the data key wrote the file: an envelope
        planted in it would be sealed for its owner at the next change of the data key.
        """
        if self.seal and not hmac.compare_digest(self.seal, _seal(_content(self), data_key)):
            raise StoreDamaged("The key file of the records was altered.")


def sign_in_failed() -> SignInFailed:
    """The one sentence for every sign-in that fails."""
    return SignInFailed("The user name or the password is wrong.")


def read_key_file(path: Path) -> KeyFile:
    """What is in the file. Raises `StoreDamaged`, `StoreNewer`, `OSError`.

    A single changed byte is told from a wrong password by the file's checksum, which is no
    protection by itself: the seals are.
    """
    try:
        data = read_regular(path, KEY_FILE_MAX)
        content = json.loads(data)
        # Any byte that our own rendering would not have written is damage, spaces included.
        intact = _rendered(content) == data
    except (NotRegular, LargerThanPossible, ValueError, TypeError, RecursionError) as error:
        raise _damaged() from error
    if not intact or content.get("format") != FORMAT:
        raise _damaged()
    if content.get("version") not in {1, VERSION}:
        raise StoreNewer("The records' key file was written by a newer drscreen.")
    try:
        return _parsed(content)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged() from error


def read_or_backup(path: Path) -> tuple[KeyFile, bool]:
    """The key file, or its copy where it is damaged or missing; whether it was the copy.

    Raises as `read_key_file`, for the file itself, where the copy is no better.
    """
    try:
        return read_key_file(path), False
    except (StoreDamaged, FileNotFoundError):
        try:
            return read_key_file(_backup(path)), True
        except (StoreDamaged, StoreNewer, OSError):
            pass
        raise


def write_key_file(path: Path, keys: KeyFile, data_key: DataKey) -> None:
    """Replace the key file atomically and durably, then its copy. Raises `OSError`.

    In this order, so that a crash leaves a file that is whole beside a copy that is whole, and
    the file is never older than its copy.
    """
    content = _content(keys)
    content["seal"] = _seal(content, data_key).hex()
    data = _rendered(content)
    write_durably(path, data)
    write_durably(_backup(path), data)


def restore_copies(path: Path, keys: KeyFile, data_key: DataKey) -> None:
    """Make file and copy the same again, as they are after every write. Raises `OSError`."""
    content = _content(keys)
    content["seal"] = _seal(content, data_key).hex()
    data = _rendered(content)
    for place in (path, _backup(path)):
        if not _holds(place, data):
            write_durably(place, data)


def _holds(place: Path, data: bytes) -> bool:
    try:
        return read_regular(place, KEY_FILE_MAX) == data
    except (FileNotFoundError, NotRegular, LargerThanPossible):
        return False


def _backup(path: Path) -> Path:
    return path.with_name(path.name + BACKUP)


def _content(keys: KeyFile) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "database": keys.database_id.hex(),
        "envelopes": {name: _fields(one) for name, one in keys.envelopes.items()},
        "recovery": _fields(keys.recovery) if keys.recovery else None,
        "previous": keys.previous.hex(),
    }


def _seal(content: dict[str, Any], data_key: DataKey) -> bytes:
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":")).encode("ascii")
    return hmac.digest(data_key.key_file_key(), canonical, "sha256")


def _rendered(content: dict[str, Any]) -> bytes:
    body = {name: value for name, value in dict(content).items() if name != "sha256"}
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":")).encode("ascii")
    body["sha256"] = hashlib.sha256(canonical).hexdigest()
    return json.dumps(body, sort_keys=True, indent=1).encode("ascii") + b"\n"


def _fields(one: Envelope) -> dict[str, Any]:
    return {
        "memory_kib": one.cost.memory,
        "passes": one.cost.passes,
        "lanes": one.cost.lanes,
        "salt": one.salt.hex(),
        "nonce": one.nonce.hex(),
        "sealed": one.sealed.hex(),
        "public_key": one.public_key.hex(),
        "data_key": one.data_key.hex(),
    }


def _parsed(content: dict[str, Any]) -> KeyFile:
    database_id = bytes.fromhex(content["database"])
    if len(database_id) != DATABASE_ID_BYTES:
        raise ValueError("a database id of another length")
    first = content["version"] == 1
    envelopes = {name: _envelope(one, first) for name, one in content["envelopes"].items()}
    if first:
        return KeyFile(database_id, MappingProxyType(envelopes))
    recovery = content["recovery"]
    return KeyFile(
        database_id,
        MappingProxyType(envelopes),
        None if recovery is None else _envelope(recovery, first),
        bytes.fromhex(content["previous"]),
        _some(bytes.fromhex(content["seal"])),
    )


def _envelope(one: dict[str, Any], first: bool) -> Envelope:
    return Envelope(
        KeyCost(index(one["memory_kib"]), index(one["passes"]), index(one["lanes"])),
        bytes.fromhex(one["salt"]),
        bytes.fromhex(one["nonce"]),
        bytes.fromhex(one["sealed"]),
        b"" if first else bytes.fromhex(one["public_key"]),
        b"" if first else bytes.fromhex(one["data_key"]),
    )


def _some(seal: bytes) -> bytes:
    if not seal:
        raise ValueError("a second version without its seal")
    return seal


def _damaged() -> StoreDamaged:
    return StoreDamaged("The key file of the records is damaged.")
