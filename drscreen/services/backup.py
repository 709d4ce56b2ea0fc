"""Backups: made, planned, verified, restored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from drscreen.domain.backup import Backup, BackupCheck, BackupPlan, BackupReport
from drscreen.domain.errors import InvalidInput
from drscreen.domain.permissions import Action
from drscreen.domain.ports import Backups, Clock
from drscreen.domain.store_ports import OpenStore
from drscreen.services.permission import before_sign_in, needs

Step = Callable[[], None]


def _silent() -> None:
    pass


@dataclass(frozen=True, slots=True)
class BackupState:
    """What the window says of backups. `is_due` is about now; never where nothing can be saved."""

    plan: BackupPlan
    is_due: bool


class BackupService:
    """Backups of an open store. Any thread; making one takes minutes."""

    def __init__(self, store: OpenStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    @needs(Action.LET_BACKUPS_RUN)
    def state(self) -> BackupState:
        """The plan, and whether a backup is due."""
        with self._store.transaction(Action.LET_BACKUPS_RUN) as records:
            plan = records.backup_plan()
        is_due = plan.is_due(self._clock.now()) and not self._store.is_read_only
        return BackupState(plan, is_due)

    @needs(Action.BACK_UP)
    def change_plan(self, plan: BackupPlan) -> None:
        """Where and when; an empty folder means nowhere. Raises `InvalidInput`."""
        if plan.folder and not Path(plan.folder).is_absolute():
            raise InvalidInput("The folder of the backups needs its whole path.")
        if plan.keep < 1:
            raise InvalidInput("At least one backup must be kept.")
        with self._store.transaction(Action.BACK_UP) as records:
            records.set_backup_plan(plan)

    @needs(Action.BACK_UP)
    def create(
        self, folder: Path | None = None, keep: int | None = None, step: Step = _silent
    ) -> BackupReport:
        """Make a backup now, in the planned folder where no other is named.

        Raises `InvalidInput` where there is none, a `BackupError` or a `StoreError`.
        """
        plan = self.state().plan
        place = folder or (Path(plan.folder) if plan.folder else None)
        if place is None:
            raise InvalidInput("Name the folder of the backups.")
        return self._made(place, plan.keep if keep is None else keep, step, Action.BACK_UP)

    @needs(Action.LET_BACKUPS_RUN)
    def run_if_due(self, step: Step = _silent) -> BackupReport | None:
        """Make the planned backup if it is due; None where it is not, or nothing is planned.

        Whoever is signed in lets it run: an administrator has planned it. Raises as `create`.
        """
        state = self.state()
        if not state.is_due:
            return None
        return self._made(Path(state.plan.folder), state.plan.keep, step, Action.LET_BACKUPS_RUN)

    def _made(self, folder: Path, keep: int, step: Step, action: Action) -> BackupReport:
        report = self._store.back_up(folder, keep, step, action)
        with self._store.transaction(action) as records:
            records.note_backup(self._clock.now())
        return report


@before_sign_in
def list_backups(backups: Backups) -> list[Backup]:
    """All finished backups of a folder, newest first. Raises `BackupUnwritable`."""
    return backups.backups()


@before_sign_in
def verify_backup(backups: Backups, name: str = "", step: Step = _silent) -> BackupCheck:
    """Read every byte of a backup, the newest where none is named. Raises a `BackupError`."""
    return backups.verify(name, step)


@before_sign_in
def restore_backup(
    backups: Backups,
    home: Path,
    name: str = "",
    *,
    without_damaged: bool = False,
    step: Step = _silent,
) -> BackupCheck:
    """Restore into a home that holds nothing yet. Raises a `BackupError` or `StoreError`."""
    return backups.restore(name, home, without_damaged=without_damaged, step=step)
