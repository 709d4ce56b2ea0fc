"""Two people changed one patient's particulars: what differs, and the two put together."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from drscreen.domain.errors import StoreError
from drscreen.domain.patient import Patient

_COMPARED = tuple(f.name for f in fields(Patient) if f.name not in {"mrn", "version"})


class StoreConflict(StoreError):
    """Somebody else changed the record meanwhile."""

    code = "store_conflict"
    kept = "The other person's change was kept; yours is still on the screen."
    advice = "Compare the two, then save again."

    def __init__(self, message: str, theirs: Patient | None = None) -> None:
        """`theirs` is the record as it stands now; it is shown, and no part of the message."""
        super().__init__(message)
        self.theirs = theirs


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field as it was, as you want it, and as the other person saved it."""

    field: str
    before: object
    yours: object
    theirs: object

    @property
    def clashes(self) -> bool:
        """Whether both changed it, and not to the same."""
        return self.before not in (self.yours, self.theirs) and self.yours != self.theirs


def changes(before: Patient, yours: Patient, theirs: Patient) -> tuple[FieldChange, ...]:
    """The fields that the other person changed, in the order of the form."""
    found = (
        FieldChange(name, getattr(before, name), getattr(yours, name), getattr(theirs, name))
        for name in _COMPARED
    )
    return tuple(change for change in found if change.theirs != change.before)


def merged(before: Patient, yours: Patient, theirs: Patient) -> Patient:
    """Their record with what you changed; where both changed a field, yours.

    It has their version, so that it can be saved once both were looked at.
    """
    mine = {
        name: getattr(yours, name)
        for name in _COMPARED
        if getattr(yours, name) != getattr(before, name)
    }
    return replace(theirs, **mine)
