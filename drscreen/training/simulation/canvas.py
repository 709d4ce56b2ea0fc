"""The photograph while it is drawn upon, with a record of what each stroke changed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from drscreen.domain.lesions import LesionClass
from drscreen.training.simulation.appearance import Appearance
from drscreen.training.simulation.landmarks import Landmarks
from drscreen.training.simulation.smoothing import Floats, box_mean_bytes

#: A change counts as seen from this many of 255 levels in any channel: sensor noise after scaling
#: to 384 pixels was measured at 1 to 3 levels.
NOTICEABLE = 5.0


@dataclass(frozen=True, slots=True)
class Window:
    """A patch of the canvas; `dx`, `dy` are its pixels' distances from the window's centre."""

    at: tuple[slice, slice]
    dx: Floats
    dy: Floats


class Canvas:
    """Draws in windows; nothing outside the field of view ever changes.

    `pixels`: float32 (size, size, 3). `marks`: bool (classes, size, size), where a stroke of that
    class changed the picture noticeably.
    """

    def __init__(
        self, square: npt.NDArray[np.uint8], landmarks: Landmarks, appearance: Appearance
    ) -> None:
        self.pixels = square.astype(np.float32)
        self.landmarks = landmarks
        self.appearance = appearance
        self.marks = np.zeros((len(LesionClass), *square.shape[:2]), np.bool_)
        # Strokes fade out over the last pixels before the rim instead of being cut.
        faded = box_mean_bytes(landmarks.field.astype(np.uint8) * 255, 1)
        self._field = np.asarray(landmarks.field * (faded / 255), np.float32)

    @property
    def disc_diameter(self) -> float:
        """In pixels: the unit of every lesion's size."""
        return self.landmarks.disc_diameter

    def window(self, x: float, y: float, half: float) -> Window:
        """A patch about (x, y) reaching `half` pixels each way, cut off at the picture's border."""
        size = self.pixels.shape[0]
        left, top = (min(max(0, round(at - half)), size - 1) for at in (x, y))
        right, bottom = (max(1, min(size, round(at + half) + 1)) for at in (x, y))
        dx = np.arange(left, right, dtype=np.float32) - np.float32(x)
        dy = np.arange(top, bottom, dtype=np.float32) - np.float32(y)
        return Window((slice(top, bottom), slice(left, right)), dx[None, :], dy[:, None])

    def absorb(
        self,
        window: Window,
        density: Floats,
        lesion: LesionClass | None,
        *,
        least: float = 1.0,
        noticeable: float = NOTICEABLE,
    ) -> bool:
        """Let blood of `density` (1: as much as a vein) swallow light.

        A lesion that fewer than `least` pixels would show by `noticeable` levels is not drawn:
        then, and then only, the answer is False.
        """
        density = density * self._field[window.at]
        loss = np.exp(-density[..., None] * self.appearance.blood)
        return self._put(window, self.pixels[window.at] * loss, lesion, least, noticeable)

    def cover(
        self,
        window: Window,
        opacity: Floats,
        colour: Floats,
        lesion: LesionClass | None,
        *,
        least: float = 1.0,
        detail: float = 0.6,
    ) -> bool:
        """Lay `colour` (3,) or (h, w, 3) over the picture; else as `absorb`.

        A share `detail` of how the picture differs from its own ground stays even where `opacity`
        is 1, so that noise, and vessels in front, are kept.
        """
        opacity = (opacity * self._field[window.at])[..., None]
        old = self.pixels[window.at]
        kept = np.float32(detail) * (old - self.appearance.ground[window.at])
        new = old + opacity * (colour + kept - old)
        return self._put(window, np.asarray(new, np.float32), lesion, least, NOTICEABLE)

    def contains(self, at: tuple[float, float]) -> bool:
        """Whether a point (x, y) lies in the field of view."""
        column, row = round(at[0]), round(at[1])
        size = self.pixels.shape[0]
        inside = 0 <= column < size and 0 <= row < size
        return inside and bool(self.landmarks.field[row, column])

    def blend(self, window: Window, share: Floats, picture: Floats) -> None:
        """Replace a share (0..1) of the pixels by `picture`, unmarked: it adds nothing itself."""
        share = (share * self._field[window.at])[..., None]
        self.pixels[window.at] += share * (picture - self.pixels[window.at])

    def hide(self, window: Window, opacity: Floats) -> None:
        """Forget the marks of what lies under an opaque layer drawn over it."""
        hidden = (opacity > 0.5) & self.landmarks.field[window.at]
        for lesion in LesionClass:
            if lesion is not LesionClass.PRERETINAL_BLOOD:
                self.marks[lesion][window.at] &= ~hidden

    def _put(
        self,
        window: Window,
        new: Floats,
        lesion: LesionClass | None,
        least: float,
        noticeable: float,
    ) -> bool:
        new = np.clip(new, 0.0, 255.0)
        change = np.abs(new - self.pixels[window.at])
        # Maxima of whole planes are quicker than along an axis of three.
        seen = np.maximum(np.maximum(change[..., 0], change[..., 1]), change[..., 2]) >= noticeable
        if np.count_nonzero(seen) < least:
            return False
        self.pixels[window.at] = new
        if lesion is not None:
            self.marks[lesion][window.at] |= seen
        return True
