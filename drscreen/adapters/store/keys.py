"""The data key, and what is derived from it.

One random data key opens everything. It is on the disk only inside envelopes, one a person
(`envelope`); the database's and the vault's keys are derived from it, each for its purpose alone.
"""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from drscreen.domain.text import identity
from drscreen.own_process import lock_in_memory

KEY_BYTES = 32
DATABASE_ID_BYTES = 16
SALT_BYTES = 16
NONCE_BYTES = 12


@dataclass(frozen=True, slots=True)
class KeyCost:
    """Argon2id's parameters: `memory` in KiB, `passes`, `lanes`.

    The defaults take 0.1 to 0.2 s on an office machine; OWASP's floor is 19 MiB, 2 passes,
    1 lane. Above the bounds an altered key file could stall the machine.
    """

    memory: int = 64 * 1024
    passes: int = 3
    lanes: int = 4

    def __post_init__(self) -> None:
        if not (1 <= self.passes <= 16 and 1 <= self.lanes <= 16):
            raise ValueError("Argon2id takes 1 to 16 passes and lanes here")
        if not 8 * self.lanes <= self.memory <= 1024 * 1024:
            raise ValueError("Argon2id takes between 8 KiB a lane and 1 GiB here")

    def is_below(self, other: KeyCost) -> bool:
        """Whether guessing costs less, in memory or in passes."""
        return self.memory < other.memory or self.passes < other.passes


@dataclass(frozen=True, slots=True)
class DataKey:
    """The key to everything in the database of that id."""

    secret: bytes = field(repr=False)
    database_id: bytes

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES or len(self.database_id) != DATABASE_ID_BYTES:
            raise ValueError("a data key has 32 bytes and its database's id 16")
        lock_in_memory(self.secret)

    @staticmethod
    def new() -> DataKey:
        """A fresh key for a fresh database."""
        return DataKey(secrets.token_bytes(KEY_BYTES), secrets.token_bytes(DATABASE_ID_BYTES))

    @staticmethod
    def successor(old: DataKey) -> DataKey:
        """A fresh key for the same database."""
        return DataKey(secrets.token_bytes(KEY_BYTES), old.database_id)

    def database_key(self) -> bytes:
        """SQLCipher's raw key."""
        return self._derived(b"database")

    def vault_key(self) -> bytes:
        """The photographs' key."""
        return self._derived(b"vault")

    def key_file_key(self) -> bytes:
        """What seals the key file as a whole."""
        return self._derived(b"key file")

    def seal(self, purpose: bytes, secret: bytes) -> bytes:
        """Another secret under a key of its own purpose: nonce, then AES-256-GCM."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return nonce + AESGCM(self._derived(purpose)).encrypt(nonce, secret, purpose)

    def unseal(self, purpose: bytes, sealed: bytes) -> bytes:
        """What `seal` sealed under this very data key. Raises `InvalidTag`."""
        nonce, body = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        return AESGCM(self._derived(purpose)).decrypt(nonce, body, purpose)

    def _derived(self, purpose: bytes) -> bytes:
        # The purpose keeps the keys apart: knowing one tells nothing of another (RFC 5869).
        info = b"drscreen/1/" + purpose
        return HKDF(SHA256(), KEY_BYTES, self.database_id, info).derive(self.secret)


def waste_time(password: str, cost: KeyCost) -> None:
    """Take as long as opening an envelope, so that an unknown name cannot be told by the clock."""
    password_key(password, bytes(SALT_BYTES), cost)


def account_key(user_name: str) -> str:
    """A user name as compared: case, compatibility forms and what nobody sees do not count."""
    seen = unicodedata.normalize("NFKC", identity(user_name))
    return unicodedata.normalize("NFKC", seen.casefold())


def password_key(password: str, salt: bytes, cost: KeyCost) -> bytes:
    """What Argon2id makes of a password; takes the time that `cost` says."""
    # NFKC (as NIST SP 800-63B advises): the same keys typed on another system give the same bytes.
    typed = unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")
    derivation = Argon2id(
        salt=salt,
        length=KEY_BYTES,
        iterations=cost.passes,
        lanes=cost.lanes,
        memory_cost=cost.memory,
    )
    return derivation.derive(typed)
