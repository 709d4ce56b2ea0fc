"""The data key, and what is derived from it.

One random data key opens everything. It is on the disk only inside envelopes, one per user
(`key_file`); the database's and the vault's keys are derived from it, each for its purpose alone.
"""

from __future__ import annotations

import secrets
import unicodedata
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
DATABASE_ID_BYTES = 16
SALT_BYTES = 16
NONCE_BYTES = 12
SEALED_BYTES = KEY_BYTES + 16
ENVELOPE_VERSION = 1


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


@dataclass(frozen=True, slots=True)
class Envelope:
    """The data key, sealed under one user's password."""

    cost: KeyCost
    salt: bytes
    nonce: bytes
    sealed: bytes

    def __post_init__(self) -> None:
        sizes = (len(self.salt), len(self.nonce), len(self.sealed))
        if sizes != (SALT_BYTES, NONCE_BYTES, SEALED_BYTES):
            raise ValueError(f"an envelope of {sizes} bytes")


@dataclass(frozen=True, slots=True)
class DataKey:
    """The key to everything in the database of that id."""

    secret: bytes = field(repr=False)
    database_id: bytes

    def __post_init__(self) -> None:
        if len(self.secret) != KEY_BYTES or len(self.database_id) != DATABASE_ID_BYTES:
            raise ValueError("a data key has 32 bytes and its database's id 16")

    @staticmethod
    def new() -> DataKey:
        """A fresh key for a fresh database."""
        return DataKey(secrets.token_bytes(KEY_BYTES), secrets.token_bytes(DATABASE_ID_BYTES))

    def database_key(self) -> bytes:
        """SQLCipher's raw key."""
        return self._derived(b"database")

    def vault_key(self) -> bytes:
        """The photographs' key."""
        return self._derived(b"vault")

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

    def sealed_for(self, account: str, password: str, cost: KeyCost) -> Envelope:
        """An envelope that `account` (see `account_key`) opens with `password`."""
        salt = secrets.token_bytes(SALT_BYTES)
        nonce = secrets.token_bytes(NONCE_BYTES)
        wrapping = AESGCM(_password_key(password, salt, cost))
        sealed = wrapping.encrypt(nonce, self.secret, _binding(account, self.database_id))
        return Envelope(cost, salt, nonce, sealed)


def unsealed(envelope: Envelope, account: str, password: str, database_id: bytes) -> DataKey | None:
    """The data key, or None where password, account or database are not the envelope's own."""
    wrapping = AESGCM(_password_key(password, envelope.salt, envelope.cost))
    try:
        secret = wrapping.decrypt(envelope.nonce, envelope.sealed, _binding(account, database_id))
    except InvalidTag:
        return None
    return DataKey(secret, database_id)


def waste_time(password: str, cost: KeyCost) -> None:
    """Take as long as opening an envelope, so that an unknown name cannot be told by the clock."""
    _password_key(password, bytes(SALT_BYTES), cost)


def account_key(user_name: str) -> str:
    """A user name as compared: compatibility forms and case do not count."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", user_name).casefold())


def _password_key(password: str, salt: bytes, cost: KeyCost) -> bytes:
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


def _binding(account: str, database_id: bytes) -> bytes:
    """What an envelope is bound to; the name comes last, so no two bindings read the same."""
    head = b"drscreen envelope " + ENVELOPE_VERSION.to_bytes(2, "big")
    return head + database_id + account.encode("utf-8", "surrogatepass")
