"""Two people changed one patient's particulars: what differs, and the two put together."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from drscreen.domain.patient import Patient

_COMPARED = tuple(f.name for f in fields(Patient) if f.name not in {"mrn", "version"})


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
