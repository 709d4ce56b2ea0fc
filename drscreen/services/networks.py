"""Unsigned networks: who answers for one."""

from __future__ import annotations

from drscreen.domain.errors import InvalidInput
from drscreen.domain.permissions import Action
from drscreen.domain.screening import ModelInfo
from drscreen.domain.signature import TRUSTED, NetworkConsent
from drscreen.domain.store_ports import OpenStore
from drscreen.services.permission import needs


class NetworksService:
    """Administrators' consents, kept in the open store. Any thread."""

    def __init__(self, store: OpenStore) -> None:
        self._store = store

    @needs(Action.ALLOW_NETWORKS)
    def consents(self) -> list[NetworkConsent]:
        """The unsigned networks that may be used here."""
        with self._store.transaction(Action.ALLOW_NETWORKS) as records:
            return records.networks.consents()

    @needs(Action.ALLOW_NETWORKS)
    def allow(self, network: ModelInfo) -> NetworkConsent:
        """Let a network that nobody signed be used, in the name of whoever is signed in.

        It holds for this one manifest. Raises `InvalidInput` for one that is signed.
        """
        if network.signer in TRUSTED:
            raise InvalidInput(f"{network.name} is signed; nobody has to allow it.")
        with self._store.transaction(Action.ALLOW_NETWORKS) as records:
            return records.networks.allow(network)

    @needs(Action.ALLOW_NETWORKS)
    def refuse(self, sha256: str) -> None:
        """Take a consent back; from the next photograph on that network grades nothing here."""
        with self._store.transaction(Action.ALLOW_NETWORKS) as records:
            records.networks.refuse(sha256)
