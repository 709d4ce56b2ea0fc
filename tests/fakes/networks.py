"""Consents to unsigned networks in memory."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from drscreen.domain.audit import Alarm, AuditKind
from drscreen.domain.screening import ModelInfo
from drscreen.domain.signature import NetworkConsent, is_older


class FakeNetworks:
    """`Networks` over dictionaries, which are the transaction's own."""

    def __init__(
        self,
        given: dict[str, NetworkConsent],
        used: dict[str, ModelInfo],
        user: str,
        now: Callable[[], datetime],
        note: Callable[..., None],
    ) -> None:
        self._given = given
        self._used = used
        self._user = user
        self._now = now
        self._note = note

    def consents(self) -> list[NetworkConsent]:
        return sorted(self._given.values(), key=lambda c: (c.name, c.version))

    def consent(self, sha256: str) -> NetworkConsent | None:
        return self._given.get(sha256)

    def allow(self, network: ModelInfo) -> NetworkConsent:
        consent = NetworkConsent(
            network.sha256, network.name, network.version, self._user, self._now()
        )
        self._given[network.sha256] = consent
        self._note_consent(AuditKind.NETWORK_ALLOWED, consent)
        return consent

    def refuse(self, sha256: str) -> None:
        taken_back = self._given.pop(sha256, None)
        if taken_back is not None:
            self._note_consent(AuditKind.NETWORK_REFUSED, taken_back)

    def note_use(self, network: ModelInfo) -> None:
        # The dictionary keeps its order: the last one is that of the last result.
        before = next(reversed(self._used.values()), None)
        self._used.pop(network.sha256, None)
        self._used[network.sha256] = network
        if before is None or before.sha256 == network.sha256:
            return
        self._note(
            AuditKind.NETWORK_CHANGED,
            before=f"{before.name} {before.version}",
            now=network.title,
            sha256=network.sha256,
        )
        newer = [
            known.version
            for known in self._used.values()
            if known.name == network.name and is_older(network.version, known.version)
        ]
        if newer:
            behind = {"alarm": Alarm.NETWORK_BEHIND.value, "newer": " ".join(newer)}
            self._note(AuditKind.ALARM, network=network.title, **behind)

    def _note_consent(self, kind: AuditKind, consent: NetworkConsent) -> None:
        self._note(kind, network=f"{consent.name} {consent.version}", sha256=consent.sha256)
