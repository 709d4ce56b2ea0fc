"""What happened in the records: read, verified, exported."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from drscreen.domain.audit import AuditEvent, AuditHead, AuditKind, AuditReport
from drscreen.domain.permissions import Action
from drscreen.domain.store_ports import OpenStore
from drscreen.services.permission import needs

_PAGE = 2000


class AuditService:
    """Any thread."""

    def __init__(self, store: OpenStore) -> None:
        self._store = store

    @needs(Action.READ_AUDIT)
    def verify(
        self, printed: AuditHead | None = None, step: Callable[[int], None] = lambda _seen: None
    ) -> AuditReport:
        """Check the whole chain, and a head kept on paper where there is one.

        That somebody looked, and what was found, becomes an event too; earlier alarms count as
        seen from then on. Raises a `StoreError`.
        """
        report = self._store.verify_audit(printed, step)
        with self._store.transaction(Action.READ_AUDIT) as records:
            records.note(
                AuditKind.AUDIT_VERIFIED,
                details={"events": str(report.events), "faults": str(report.faults)},
            )
        return report

    @needs(Action.READ_AUDIT)
    def latest(self, limit: int = 200) -> list[AuditEvent]:
        """The newest events, the newest first."""
        with self._store.transaction(Action.READ_AUDIT) as records:
            head = records.audit_head()
            after = max(head.sequence - limit, 0) if head else 0
            return records.audit_events(after, limit)[::-1]

    @needs(Action.READ_AUDIT)
    def export(self, mrn: str = "") -> Iterator[AuditEvent]:
        """Every event in order, or those about one patient; patients by pseudonym alone.

        The export itself is noted first. Raises `PatientUnknown`.
        """
        with self._store.transaction(Action.READ_AUDIT) as records:
            subject = records.audit_subject(mrn) if mrn else ""
            records.note(AuditKind.AUDIT_EXPORTED, mrn or None)
        return self._pages(subject)

    def _pages(self, subject: str) -> Iterator[AuditEvent]:
        after = 0
        while True:
            with self._store.transaction(Action.READ_AUDIT) as records:
                page = records.audit_events(after, _PAGE)
            if not page:
                return
            after = page[-1].sequence
            yield from (event for event in page if subject in ("", event.subject))
