"""The lesions of diabetic retinopathy that a map tells apart, in the order of a network's head."""

from __future__ import annotations

from enum import IntEnum


class LesionClass(IntEnum):
    """One plane of a lesion map. Terms of ETDRS report 10 (Ophthalmology 1991)."""

    MICROANEURYSM = 0
    HAEMORRHAGE = 1
    HARD_EXUDATE = 2
    COTTON_WOOL_SPOT = 3
    #: Venous beading and intraretinal microvascular abnormalities (IRMA).
    VESSEL_ABNORMALITY = 4
    NEW_VESSEL = 5
    #: Preretinal and vitreous haemorrhage.
    PRERETINAL_BLOOD = 6

    @property
    def title(self) -> str:
        """For people: "hard exudate"."""
        return self.name.lower().replace("_", " ")
