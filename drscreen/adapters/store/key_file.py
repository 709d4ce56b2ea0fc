"""The key file: which database it opens, and one sealed data key per user. No secrets in clear."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from operator import index
from pathlib import Path
from types import MappingProxyType
from typing import Any

from drscreen.adapters.store.files import write_durably
from drscreen.adapters.store.keys import (
    DATABASE_ID_BYTES,
    ENVELOPE_VERSION,
    DataKey,
    Envelope,
    KeyCost,
    account_key,
    unsealed,
    waste_time,
)
from drscreen.domain.errors import SignInFailed, StoreDamaged, StoreNewer

FORMAT = "drscreen-keys"


@dataclass(frozen=True, slots=True)
class KeyFile:
    """The key file's content; `envelopes` by `account_key`."""

    database_id: bytes
    envelopes: MappingProxyType[str, Envelope] = field(default_factory=lambda: MappingProxyType({}))

    def with_envelope(self, account: str, envelope: Envelope) -> KeyFile:
        """The same with one more, or another, envelope."""
        return replace(self, envelopes=MappingProxyType({**self.envelopes, account: envelope}))

    def only(self, accounts: set[str]) -> KeyFile:
        """The same with these accounts' envelopes alone."""
        kept = {name: one for name, one in self.envelopes.items() if name in accounts}
        return replace(self, envelopes=MappingProxyType(kept))

    def unlock(self, user_name: str, password: str) -> DataKey:
        """The data key. Raises `SignInFailed`, after the same time whatever was wrong."""
        account = account_key(user_name)
        envelope = self.envelopes.get(account)
        if envelope is None:
            some = next(iter(self.envelopes.values()), None)
            waste_time(password, some.cost if some else KeyCost())
            raise sign_in_failed()
        key = unsealed(envelope, account, password, self.database_id)
        if key is None:
            raise sign_in_failed()
        return key


def sign_in_failed() -> SignInFailed:
    """The one sentence for every sign-in that fails."""
    return SignInFailed("The user name or the password is wrong.")


def read_key_file(path: Path) -> KeyFile:
    """What is in the file. Raises `StoreDamaged`, `StoreNewer`, `OSError`.

    A single changed byte is told from a wrong password by the file's checksum, which is no
    protection by itself: the envelopes' seals are.
    """
    data = path.read_bytes()
    try:
        content = json.loads(data)
        # Any byte that our own rendering would not have written is damage, spaces included.
        intact = _rendered(content) == data
    except (ValueError, TypeError, RecursionError) as error:
        raise _damaged() from error
    if not intact or content.get("format") != FORMAT:
        raise _damaged()
    if content.get("version") != ENVELOPE_VERSION:
        raise StoreNewer("The records' key file was written by a newer drscreen.")
    try:
        return _parsed(content)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged() from error


def write_key_file(path: Path, keys: KeyFile) -> None:
    """Replace the key file atomically and durably. Raises `OSError`."""
    envelopes = {
        name: {
            "memory_kib": one.cost.memory,
            "passes": one.cost.passes,
            "lanes": one.cost.lanes,
            "salt": one.salt.hex(),
            "nonce": one.nonce.hex(),
            "sealed": one.sealed.hex(),
        }
        for name, one in keys.envelopes.items()
    }
    content = {
        "format": FORMAT,
        "version": ENVELOPE_VERSION,
        "database": keys.database_id.hex(),
        "envelopes": envelopes,
    }
    write_durably(path, _rendered(content))


def _rendered(content: dict[str, Any]) -> bytes:
    body = {name: value for name, value in dict(content).items() if name != "sha256"}
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":")).encode("ascii")
    body["sha256"] = hashlib.sha256(canonical).hexdigest()
    return json.dumps(body, sort_keys=True, indent=1).encode("ascii") + b"\n"


def _parsed(content: dict[str, Any]) -> KeyFile:
    database_id = bytes.fromhex(content["database"])
    if len(database_id) != DATABASE_ID_BYTES:
        raise ValueError("a database id of another length")
    envelopes = {
        name: Envelope(
            KeyCost(index(one["memory_kib"]), index(one["passes"]), index(one["lanes"])),
            bytes.fromhex(one["salt"]),
            bytes.fromhex(one["nonce"]),
            bytes.fromhex(one["sealed"]),
        )
        for name, one in content["envelopes"].items()
    }
    return KeyFile(database_id, MappingProxyType(envelopes))


def _damaged() -> StoreDamaged:
    return StoreDamaged("The key file of the records is damaged.")
