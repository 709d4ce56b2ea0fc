"""A key of its own for each photograph, sealed in the photograph's row.

So one photograph can be made unreadable for ever, wherever copies of its file may lie, by
forgetting 60 bytes; and a new data key seals these keys anew instead of every photograph.
"""

from __future__ import annotations

import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from drscreen.adapters.store.keys import KEY_BYTES, NONCE_BYTES
from drscreen.adapters.store.tables import PhotographRow
from drscreen.domain.errors import PhotographLost
from drscreen.domain.integrity import PhotographFault


def new_key() -> bytes:
    """A fresh random key."""
    return secrets.token_bytes(KEY_BYTES)


def seal(vault_key: bytes, key: bytes, photograph_id: str) -> bytes:
    """A photograph's key as its row holds it: nonce, then AES-256-GCM bound to the photograph."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(vault_key).encrypt(nonce, key, _binding(photograph_id))


def unseal(vault_key: bytes, sealed: bytes, photograph_id: str) -> bytes:
    """The photograph's key. Raises `PhotographLost`."""
    nonce, body = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        return AESGCM(vault_key).decrypt(nonce, body, _binding(photograph_id))
    except (InvalidTag, ValueError) as error:
        raise PhotographLost(PhotographFault.DAMAGED) from error


def rewrap(session: Session, old_vault_key: bytes, new_vault_key: bytes) -> int:
    """Seal every photograph's key under another vault key; how many there were.

    Within the caller's transaction; the files stay as they are. Files of the first format, which
    lie under the old vault key itself, get it as their own. Raises `PhotographLost`.
    """
    found = session.execute(
        select(PhotographRow.id, PhotographRow.uuid, PhotographRow.sealed_key)
    ).all()
    changes = [
        {
            "id": row.id,
            "sealed_key": seal(
                new_vault_key,
                unseal(old_vault_key, row.sealed_key, row.uuid)
                if row.sealed_key is not None
                else old_vault_key,
                row.uuid,
            ),
        }
        for row in found
    ]
    if changes:
        session.execute(update(PhotographRow), changes)
    return len(changes)


def _binding(photograph_id: str) -> bytes:
    return b"drscreen photograph key " + photograph_id.encode()
