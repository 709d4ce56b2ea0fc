"""The ICDR grade of what was drawn (Wilkinson et al., Ophthalmology 2003).

Severe is the 4-2-1 rule of ETDRS: more than 20 intraretinal haemorrhages in each of four
quadrants, or definite venous beading in two or more, or prominent IRMA in one or more, and no
proliferative sign.

Quadrants are taken about the fovea. Clinically they are those of the four vascular arcades and
meet at the disc, but a single 45 degree photograph centred on the macula shows next to nothing
nasal of the disc, so that "each of four quadrants" could never be met in the pictures a network
sees; about the fovea, all four are in view.
"""

from __future__ import annotations

from dataclasses import dataclass

from drscreen.domain.grading import Grade

#: More than this many haemorrhages in each quadrant are severe.
SEVERE_HAEMORRHAGES = 20
SEVERE_BEADED_QUADRANTS = 2
SEVERE_IRMA_QUADRANTS = 1

Quadrants = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Findings:
    """What can be seen in a picture: counts, those of quadrants about the fovea 0..3."""

    microaneurysms: int = 0
    haemorrhages: Quadrants = (0, 0, 0, 0)
    exudate_clusters: int = 0
    cotton_wool_spots: int = 0
    beaded_veins: Quadrants = (0, 0, 0, 0)
    irma: Quadrants = (0, 0, 0, 0)
    new_vessels: int = 0
    escaped_blood: int = 0


def grade_of(findings: Findings) -> Grade:
    """The grade by definition."""
    if findings.new_vessels or findings.escaped_blood:
        return Grade.PROLIFERATIVE
    if _is_severe(findings):
        return Grade.SEVERE
    moderate = (
        sum(findings.haemorrhages)
        + findings.exudate_clusters
        + findings.cotton_wool_spots
        + sum(findings.beaded_veins)
    )
    if moderate:
        return Grade.MODERATE
    return Grade.MILD if findings.microaneurysms else Grade.NONE


def _is_severe(findings: Findings) -> bool:
    beaded = sum(count > 0 for count in findings.beaded_veins)
    irma = sum(count > 0 for count in findings.irma)
    return (
        min(findings.haemorrhages) > SEVERE_HAEMORRHAGES
        or beaded >= SEVERE_BEADED_QUADRANTS
        or irma >= SEVERE_IRMA_QUADRANTS
    )
