"""Any mode of Pillow's to 8-bit RGB in sRGB, a strip at a time.

A strip at a time, because a picture of 80 megapixels is 320 MB in each of the modes on the way.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageChops, ImageCms, ImageFile

from drscreen.domain.errors import PhotographFormatUnsupported

_STRIP_PIXELS = 4_000_000
# Of samples of two bytes Pillow takes the first or the second.
_SWAPPED = {"RGB;16B": "RGB;16L", "RGB;16L": "RGB;16B"}


def to_srgb(image: Image.Image, factor: int = 1, brightest: int = 0) -> Image.Image:
    """Mode RGB in sRGB, `factor` times smaller each way; alpha is laid over black.

    `brightest` is what the file says its samples reach, 0 for their full range. Raises
    `PhotographFormatUnsupported` for floating-point numbers and integers of 32 bits.
    """
    profile = image.info.get("icc_profile")
    if image.mode == "I" and not _fits_sixteen_bits(image):
        raise PhotographFormatUnsupported("Pictures of 32-bit numbers are not read.")
    if image.mode == "RGB" and not profile:
        return image.reduce(factor) if factor > 1 else image
    scale = _scale(image, brightest)
    through_profile: Callable[[Image.Image], Image.Image] | None = None
    size = (-(-image.width // factor), -(-image.height // factor))
    result = Image.new("RGB", size)
    step = max(1, _STRIP_PIXELS // image.width // factor) * factor
    for top in range(0, image.height, step):
        box = (0, top, image.width, min(top + step, image.height))
        strip = _without_alpha(_to_eight_bits(image.crop(box), scale))
        if profile:
            through_profile = through_profile or _through(profile, strip.mode)
            strip = through_profile(strip)
        rgb = strip if strip.mode == "RGB" else strip.convert("RGB")
        result.paste(rgb.reduce(factor) if factor > 1 else rgb, (0, top // factor))
    return result


def stretched(image: Image.Image, brightest: int, data: bytes) -> Image.Image:
    """A colour picture of 16 bits that uses fewer, as bright as it was meant; `data` is its file.

    Pillow keeps the upper byte of such samples, which is nearly empty then.
    """
    if brightest < 256 or image.mode != "RGB":
        return image
    highest = int(np.max(image.getextrema()))
    if highest > brightest >> 8:
        return image
    with Image.open(io.BytesIO(data), formats=("PNG", "TIFF")) as lower:
        tiles = [_other_byte(tile) for tile in lower.tile]
        if tiles == lower.tile:
            return image
        lower.tile = tiles
        scale = 255.0 / brightest
        upper = image.point([min(255, round(256 * byte * scale)) for byte in range(256)] * 3)
        return ImageChops.add(upper, lower.point([round(b * scale) for b in range(256)] * 3))


def _other_byte(tile: ImageFile._Tile) -> ImageFile._Tile:
    args = tile.args if isinstance(tile.args, tuple) else (tile.args,)
    swapped = tuple(_SWAPPED.get(a, a) if isinstance(a, str) else a for a in args)
    return tile._replace(args=swapped if isinstance(tile.args, tuple) else swapped[0])


def _fits_sixteen_bits(image: Image.Image) -> bool:
    lowest, highest = image.getextrema()
    return bool(np.min(lowest) >= 0 and np.max(highest) < 1 << 16)


def _scale(image: Image.Image, brightest: int) -> float:
    """What takes a sample of 16 bits to 0..255. A file that says less than it holds is not
    believed.
    """
    if brightest and image.mode.startswith("I;16"):
        _, highest = image.getextrema()
        if isinstance(highest, (int, float)) and highest <= brightest:
            return 255.0 / brightest
    return 0.0


def _to_eight_bits(image: Image.Image, scale: float) -> Image.Image:
    """16-bit grey to 8 bits by its full range; others unchanged."""
    if image.mode.startswith("I;16"):
        values = np.asarray(image)
        eight = np.rint(values * scale) if scale else values >> 8
        return Image.fromarray(eight.astype(np.uint8))
    if image.mode == "I":
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if image.mode == "F":
        raise PhotographFormatUnsupported("Pictures of floating-point numbers are not read.")
    return image


def _without_alpha(image: Image.Image) -> Image.Image:
    if image.mode == "P":
        image = image.convert("RGBA" if "transparency" in image.info else "RGB")
    if image.mode in {"RGBA", "LA", "PA"}:
        rgba = image if image.mode == "RGBA" else image.convert("RGBA")
        black = Image.new("RGBA", rgba.size, (0, 0, 0, 255))
        black.alpha_composite(rgba)
        return black.convert("RGB")
    return image


def _through(profile: bytes, mode: str) -> Callable[[Image.Image], Image.Image]:
    """Colours of a mode through the embedded profile; one that cannot be used counts as sRGB."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if "srgb" in ImageCms.getProfileDescription(source).lower():
            return _unchanged
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return _unchanged

    def convert(strip: Image.Image) -> Image.Image:
        try:
            converted = ImageCms.applyTransform(strip, transform)
        except (ImageCms.PyCMSError, ValueError):
            return strip
        return strip if converted is None else converted

    return convert


def _unchanged(image: Image.Image) -> Image.Image:
    return image
