"""Is everything there and whole: records, photographs, networks, backups?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from drscreen.domain.audit import Alarm
from drscreen.domain.backup import BackupCheck, BackupPlan
from drscreen.domain.errors import BackupError
from drscreen.domain.integrity import Finding, IntegrityReport, Part
from drscreen.domain.permissions import Action
from drscreen.domain.ports import Clock
from drscreen.domain.store_ports import OpenStore
from drscreen.services.permission import needs

#: A planned backup is made once a day; one that is older than this was missed at least once.
LATE = timedelta(days=2)


@needs(Action.CHECK_STORE)
def check_store(
    store: OpenStore, step: Callable[[], None] = lambda: None, backups: Path | None = None
) -> IntegrityReport:
    """Read the database, the audit log and every photograph; fetch back what a folder of backups
    has of those that are lost.

    `step` is called after each photograph. Raises a `StoreError`, `BackupError`.
    """
    return store.check_photographs(step, backups)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a whole look found. `backup` is the newest in the planned folder, where there is one
    that can be read.
    """

    store: IntegrityReport
    plan: BackupPlan
    backup: BackupCheck | None
    findings: tuple[Finding, ...]

    @property
    def is_whole(self) -> bool:
        """Whether nothing at all is wrong."""
        return not self.store.problems and not self.findings


class IntegrityService:
    """A look at everything that a clinic relies on. Any thread; takes minutes.

    `networks` looks at every installed network, the quality check's too.
    """

    def __init__(
        self, store: OpenStore, clock: Clock, networks: Callable[[], Sequence[Finding]]
    ) -> None:
        self._store = store
        self._clock = clock
        self._networks = networks

    @needs(Action.CHECK_STORE)
    def check(
        self,
        step: Callable[[], None] = lambda: None,
        mend_from: Path | None = None,
        *,
        every_byte: bool = False,
    ) -> Checked:
        """Look at records, photographs, networks and the newest planned backup.

        Of the backup's photographs the sizes, with `every_byte` the content too. Raises a
        `StoreError`, and a `BackupError` for `mend_from` alone.
        """
        report = check_store(self._store, step, mend_from)
        with self._store.transaction(Action.CHECK_STORE) as records:
            plan = records.backup_plan()
        backup, said = self._backup(plan, every_byte=every_byte)
        findings = (*report.findings, *self._networks(), *said)
        return Checked(report, plan, backup, findings)

    def _backup(
        self, plan: BackupPlan, *, every_byte: bool
    ) -> tuple[BackupCheck | None, list[Finding]]:
        if not plan.folder:
            return None, []
        try:
            found = self._store.check_backup(Path(plan.folder), every_byte=every_byte)
        except BackupError as error:
            return None, [Finding(Part.BACKUPS, f"{error.message} ({plan.folder})")]
        said = []
        if found.damaged:
            said.append(
                f"{found.damaged} photographs of the newest backup are not as they were written."
            )
        if found.is_ahead:
            said.append(Alarm.WITNESS_AHEAD.sentence)
        if self._clock.now() - found.backup.created > LATE:
            day = f"{found.backup.created.astimezone():%Y-%m-%d}"
            said.append(f"The newest backup is of {day}; none was made since.")
        return found, [Finding(Part.BACKUPS, sentence) for sentence in said]
