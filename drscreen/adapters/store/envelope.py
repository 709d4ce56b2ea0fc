"""How one person, or the recovery code, opens the records.

A password unlocks a private key; the data key is sealed to the matching public key (HPKE, RFC
9180). So a new data key is sealed for everybody without anybody's password, and a new password
never touches the data. The first format sealed the data key under the password itself; it still
opens, and is replaced at the next sign-in.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite

from drscreen.adapters.store.keys import (
    KEY_BYTES,
    NONCE_BYTES,
    SALT_BYTES,
    DataKey,
    KeyCost,
    password_key,
)

#: A secret of 32 bytes, sealed under AES-256-GCM, and a data key sealed under HPKE.
LOCKED_BYTES = KEY_BYTES + 16
SEALED_BYTES = KEY_BYTES + KEY_BYTES + 16
_FIRST_VERSION, _VERSION = 1, 2
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


@dataclass(frozen=True, slots=True)
class Envelope:
    """`sealed` opens with the password and the rest: the private key, or in the first format,
    where `public_key` and `data_key` are empty, the data key itself. `generation` rises with each
    new password; the account's row says which one counts.
    """

    cost: KeyCost
    salt: bytes
    nonce: bytes
    sealed: bytes
    public_key: bytes = b""
    data_key: bytes = b""
    generation: int = 0

    def __post_init__(self) -> None:
        sizes = (len(self.salt), len(self.nonce), len(self.sealed))
        if sizes != (SALT_BYTES, NONCE_BYTES, LOCKED_BYTES):
            raise ValueError(f"an envelope of {sizes} bytes")
        keys = (len(self.public_key), len(self.data_key))
        if keys not in {(0, 0), (KEY_BYTES, SEALED_BYTES)}:
            raise ValueError(f"an envelope's keys of {keys} bytes")

    @property
    def is_first_format(self) -> bool:
        """Whether the password opens the data key directly."""
        return not self.public_key

    def resealed(self, account: str, data_key: DataKey) -> Envelope:
        """The same person's envelope for another data key. Not in the first format (ValueError)."""
        if self.is_first_format:
            raise ValueError("the first format has nobody to seal to")
        info = _binding(_VERSION, account, data_key.database_id)
        public = X25519PublicKey.from_public_bytes(self.public_key)
        return replace(self, data_key=_SUITE.encrypt(data_key.secret, public, info=info))


def sealed_for(data_key: DataKey, account: str, password: str, cost: KeyCost) -> Envelope:
    """An envelope that `account` (see `keys.account_key`) opens with `password`."""
    private = X25519PrivateKey.generate()
    salt, nonce = secrets.token_bytes(SALT_BYTES), secrets.token_bytes(NONCE_BYTES)
    binding = _binding(_VERSION, account, data_key.database_id)
    locked = AESGCM(password_key(password, salt, cost)).encrypt(
        nonce, private.private_bytes_raw(), binding
    )
    public = private.public_key()
    sealed = _SUITE.encrypt(data_key.secret, public, info=binding)
    return Envelope(cost, salt, nonce, locked, public.public_bytes_raw(), sealed)


def unsealed(envelope: Envelope, account: str, password: str, database_id: bytes) -> DataKey | None:
    """The data key, or None where password, account or database are not the envelope's own."""
    version = _FIRST_VERSION if envelope.is_first_format else _VERSION
    binding = _binding(version, account, database_id)
    wrapping = AESGCM(password_key(password, envelope.salt, envelope.cost))
    try:
        secret = wrapping.decrypt(envelope.nonce, envelope.sealed, binding)
        if not envelope.is_first_format:
            private = X25519PrivateKey.from_private_bytes(secret)
            secret = _SUITE.decrypt(envelope.data_key, private, info=binding)
    except InvalidTag:
        return None
    return DataKey(secret, database_id)


def _binding(version: int, account: str, database_id: bytes) -> bytes:
    """What an envelope is bound to; the name comes last, so no two bindings read the same."""
    head = b"drscreen envelope " + version.to_bytes(2, "big")
    return head + database_id + account.encode("utf-8", "surrogatepass")
