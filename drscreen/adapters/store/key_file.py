"""The key file: which database it opens, and one envelope a person. No secrets in clear.

Beside it lies a copy, which is read where the file itself is damaged, missing or older.

Each write counts up, and names where the audit chain ended by then; the database notes the count,
the chain goes on: so an older file is told by the database, and an older database by the file.
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
from drscreen.domain.audit import Alarm, AuditHead
from drscreen.domain.errors import SignInFailed, StoreDamaged, StoreNewer
from drscreen.regular_files import LargerThanPossible, NotRegular, read_regular

FORMAT = "drscreen-keys"
VERSION = 3
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
    new. `writes` counts how often the file was written, 0 before the third version; `head` is the
    newest link of the audit chain that was committed by then. `seal` covers everything, under the
    data key; empty in the first version.
    """

    database_id: bytes
    envelopes: MappingProxyType[str, Envelope] = field(default_factory=lambda: MappingProxyType({}))
    recovery: Envelope | None = None
    previous: bytes = b""
    writes: int = field(default=0, compare=False)
    head: AuditHead | None = field(default=None, compare=False)
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
    if content.get("version") not in {1, 2, VERSION}:
        raise StoreNewer("The records' key file was written by a newer drscreen.")
    try:
        return _parsed(content)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged() from error


def read_or_copy(path: Path) -> tuple[KeyFile, Alarm | None]:
    """The key file, or its copy where the file is damaged, missing or older than its copy; and
    what is to be said of the two.

    Raises as `read_key_file`, for the file itself, where the copy is no better.
    """
    copy: KeyFile | None = None
    copy_is_damaged = False
    try:
        copy = read_key_file(_copy(path))
    except FileNotFoundError:
        pass
    except (StoreDamaged, StoreNewer, OSError):
        copy_is_damaged = True
    try:
        keys = read_key_file(path)
    except (StoreDamaged, FileNotFoundError):
        if copy is None:
            raise
        return copy, Alarm.KEY_FILE_REPAIRED
    if copy is not None and copy.database_id == keys.database_id and copy.writes > keys.writes:
        return copy, Alarm.KEY_FILE_BEHIND
    # The copy is written second: a kill between the two leaves it one write behind, never more.
    if copy_is_damaged or (copy is not None and keys.writes - copy.writes > 1):
        return keys, Alarm.KEY_COPY_BEHIND
    return keys, None


def write_key_file(path: Path, keys: KeyFile, data_key: DataKey) -> int:
    """Replace the key file atomically and durably, then its copy; how often it was written by now.

    In this order, so that a crash leaves a file that is whole beside a copy that is whole, and
    the file is never older than its copy. Raises `OSError`.
    """
    written = replace(keys, writes=keys.writes + 1)
    content = _content(written)
    content["seal"] = _seal(content, data_key).hex()
    data = _rendered(content)
    write_durably(path, data)
    write_durably(_copy(path), data)
    return written.writes


def _copy(path: Path) -> Path:
    return path.with_name(path.name + BACKUP)


def _content(keys: KeyFile) -> dict[str, Any]:
    content: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "database": keys.database_id.hex(),
        "envelopes": {name: _fields(one) for name, one in keys.envelopes.items()},
        "recovery": _fields(keys.recovery) if keys.recovery else None,
        "previous": keys.previous.hex(),
        "writes": keys.writes,
        "head": None if keys.head is None else [keys.head.sequence, keys.head.mac],
    }
    if not keys.writes:  # as the second version sealed it
        content["version"] = 2
        del content["writes"], content["head"]
        for one in filter(None, (*content["envelopes"].values(), content["recovery"])):
            del one["generation"]
    return content


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
        "generation": one.generation,
    }


def _parsed(content: dict[str, Any]) -> KeyFile:
    database_id = bytes.fromhex(content["database"])
    if len(database_id) != DATABASE_ID_BYTES:
        raise ValueError("a database id of another length")
    version = content["version"]
    envelopes = {name: _envelope(one, version) for name, one in content["envelopes"].items()}
    if version == 1:
        return KeyFile(database_id, MappingProxyType(envelopes))
    recovery, head = content["recovery"], content["head"] if version > 2 else None
    return KeyFile(
        database_id,
        MappingProxyType(envelopes),
        None if recovery is None else _envelope(recovery, version),
        bytes.fromhex(content["previous"]),
        index(content["writes"]) if version > 2 else 0,
        None if head is None else AuditHead(index(head[0]), bytes.fromhex(head[1]).hex()),
        _some(bytes.fromhex(content["seal"])),
    )


def _envelope(one: dict[str, Any], version: int) -> Envelope:
    return Envelope(
        KeyCost(index(one["memory_kib"]), index(one["passes"]), index(one["lanes"])),
        bytes.fromhex(one["salt"]),
        bytes.fromhex(one["nonce"]),
        bytes.fromhex(one["sealed"]),
        b"" if version == 1 else bytes.fromhex(one["public_key"]),
        b"" if version == 1 else bytes.fromhex(one["data_key"]),
        index(one["generation"]) if version > 2 else 0,
    )


def _some(seal: bytes) -> bytes:
    if not seal:
        raise ValueError("a second version without its seal")
    return seal


def _damaged() -> StoreDamaged:
    return StoreDamaged("The key file of the records is damaged.")
