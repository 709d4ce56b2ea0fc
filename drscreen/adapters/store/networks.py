"""Which networks grade here, and who answers for the unsigned ones, inside a transaction."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import desc, select
from sqlalchemy.orm import Session

from drscreen.adapters.store.audit import AuditTrail
from drscreen.adapters.store.tables import GradingRow, NetworkConsentRow, NetworkRow
from drscreen.domain.audit import Alarm, AuditKind
from drscreen.domain.screening import ModelInfo
from drscreen.domain.signature import NetworkConsent, is_older


class SqlNetworks:
    """`drscreen.domain.store_ports.Networks`."""

    def __init__(
        self, session: Session, audit: AuditTrail, user: str, now: Callable[[], datetime]
    ) -> None:
        self._session = session
        self._audit = audit
        self._user = user
        self._now = now

    def consents(self) -> list[NetworkConsent]:
        """All that hold; see the port."""
        row = NetworkConsentRow
        return [
            _consent_of(found)
            for found in self._session.scalars(select(row).order_by(row.name, row.version))
        ]

    def consent(self, sha256: str) -> NetworkConsent | None:
        """That for one manifest; see the port."""
        row = self._session.get(NetworkConsentRow, sha256)
        return None if row is None else _consent_of(row)

    def allow(self, network: ModelInfo) -> NetworkConsent:
        """In place of an earlier consent to the same manifest; see the port."""
        consent = NetworkConsent(
            network.sha256, network.name, network.version, self._user, self._now()
        )
        self._session.merge(NetworkConsentRow(**asdict(consent)))
        self._session.flush()
        self._note(AuditKind.NETWORK_ALLOWED, consent)
        return consent

    def refuse(self, sha256: str) -> None:
        """Take a consent back; see the port."""
        row = self._session.get(NetworkConsentRow, sha256)
        if row is not None:
            taken_back = _consent_of(row)
            self._session.delete(row)
            self._session.flush()
            self._note(AuditKind.NETWORK_REFUSED, taken_back)

    def note_use(self, network: ModelInfo, moment: datetime) -> None:
        """Before a result of `network` is recorded: is it another than that of the last result?"""
        last = self._session.execute(
            select(GradingRow.model_name, GradingRow.model_version, GradingRow.model_sha256)
            .order_by(desc(GradingRow.id))
            .limit(1)
        ).one_or_none()
        if last is not None and last.model_sha256 == network.sha256:
            return
        if self._session.get(NetworkRow, network.sha256) is None:
            used = NetworkRow(sha256=network.sha256, name=network.name, version=network.version)
            used.first_used = moment
            self._session.add(used)
            self._session.flush()
        if last is None:
            return
        before = f"{last.model_name} {last.model_version}"
        self._audit.note(
            AuditKind.NETWORK_CHANGED, before=before, now=network.title, sha256=network.sha256
        )
        known = select(NetworkRow.version).where(NetworkRow.name == network.name)
        newer = [v for v in self._session.scalars(known) if is_older(network.version, v)]
        if newer:
            behind = {"alarm": Alarm.NETWORK_BEHIND.value, "newer": " ".join(newer)}
            self._audit.note(AuditKind.ALARM, network=network.title, **behind)

    def _note(self, kind: AuditKind, consent: NetworkConsent) -> None:
        told = f"{consent.name} {consent.version}"
        self._audit.note(kind, network=told, sha256=consent.sha256)


def _consent_of(row: NetworkConsentRow) -> NetworkConsent:
    return NetworkConsent(row.sha256, row.name, row.version, row.allowed_by, row.allowed)
