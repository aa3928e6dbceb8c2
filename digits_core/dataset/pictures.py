"""One picture, brought to size: decode, turn upright, flatten, convert, resize.

The same function prepares pictures for a dataset and for classification, so that both see the same pixels.
"""

from __future__ import annotations

import io
from functools import cache
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps, UnidentifiedImageError

from digits_core.contracts.dataset_source import Picture
from digits_core.spec.dataset import Resize

#: uint8 ``[…, H, W, C]``.
Pixels: TypeAlias = npt.NDArray[np.uint8]

#: Pictures with more pixels are refused before they are decoded: they are bombs more often than photographs.
MAX_PIXELS = 2**26

#: Level of the border that ``fill`` and ``half-crop`` add: mid-gray, close to the mean that training subtracts. It is
#: constant, where DIGITS 1–6 drew noise, so that equal pictures give an equal dataset.
PADDING = 128

#: Level of the ground that transparent pictures are laid on.
GROUND = 255

# Formats that decode in this process; others that Pillow opens (EPS, WMF) start programs or need drivers.
_FORMATS = "JPEG PNG BMP GIF WEBP TIFF PPM JPEG2000 AVIF DIB ICO PCX SGI TGA".split()
# Those whose drivers Pillow imports whenever it opens anything.
_USUAL_FORMATS = "JPEG PNG BMP GIF PPM".split()
_ORIENTATION = 0x0112


class PictureUnreadable(ValueError):
    """A picture cannot be decoded, or is larger than is safe; the message is the reason."""


def prepare_picture(picture: Picture, *, width: int, height: int, channels: int, resize: Resize) -> Pixels:
    """Decode and bring to size.

    Turned upright by its EXIF orientation; transparent pictures are laid on white; 16-bit gray is divided by 257; of
    several frames the first is taken. Resizing is bilinear with antialiasing. ``crop`` scales until the picture covers
    the size and cuts what stands out, ``fill`` until it fits and pads, ``half-crop`` halfway between: by the mean of
    both reductions, then cuts one side and pads the other; ``squash`` scales each side by itself.

    Args:
        picture: Encoded bytes, or pixels uint8 or uint16 ``[H, W]`` or ``[H, W, C]`` with 1 to 4 channels.
        width: Width of the result.
        height: Height of the result.
        channels: 1 for gray, 3 for RGB.
        resize: How another shape is brought to size.

    Returns:
        uint8 ``[height, width, channels]``.

    Raises:
        PictureUnreadable: If it is damaged, of an unknown format, or has more than `MAX_PIXELS` pixels.
    """
    try:
        image = _from_bytes(picture, width, height, resize) if isinstance(picture, bytes) else _from_pixels(picture)
        pixels = np.asarray(_fit(_flatten(image, "L" if channels == 1 else "RGB"), width, height, resize))
    except PictureUnreadable:
        raise
    except UnidentifiedImageError:
        raise PictureUnreadable("not a picture of a known format") from None
    except Exception as reason:  # Damaged files make Pillow's decoders raise nearly anything.
        raise PictureUnreadable(f"{type(reason).__name__}: {reason}") from reason
    return pixels.reshape(height, width, channels)


def cut_middle(images: Pixels, height: int, width: int) -> Pixels:
    """The middle of pictures: ``[B, H, W, C]`` to ``[B, height, width, C]``.

    >>> cut_middle(np.arange(12, dtype=np.uint8).reshape(1, 3, 4, 1), 1, 2)[0, :, :, 0].tolist()
    [[5, 6]]
    """
    top, left = (images.shape[1] - height) // 2, (images.shape[2] - width) // 2
    return np.ascontiguousarray(images[:, top : top + height, left : left + width])


@cache
def picture_formats() -> tuple[str, ...]:
    """Names of the formats that are read, as Pillow calls them."""
    Image.init()
    return tuple(name for name in _FORMATS if name in Image.OPEN)


def _from_bytes(data: bytes, width: int, height: int, resize: Resize) -> Image.Image:
    image = _opened(data)
    _check_pixels(*image.size)
    if image.format == "JPEG":
        _reduce(image, width, height, resize)
    ImageOps.exif_transpose(image, in_place=True)
    return image


def _opened(data: bytes) -> Image.Image:
    # To know all formats Pillow imports every driver it has, which takes longer than most pictures: only if need be.
    try:
        return Image.open(io.BytesIO(data), formats=_USUAL_FORMATS)
    except UnidentifiedImageError:
        return Image.open(io.BytesIO(data), formats=picture_formats())


def _reduce(image: Image.Image, width: int, height: int, resize: Resize) -> None:
    # A JPEG decodes at 1/2, 1/4 or 1/8 at a fraction of the cost; twice the final size keeps the result the same to
    # within rounding.
    size = image.size
    if image.getexif().get(_ORIENTATION, 1) >= 5:
        width, height = height, width
    across, down = _scales(size, width, height, resize)
    image.draft(None, (max(1, round(2 * size[0] * across)), max(1, round(2 * size[1] * down))))


def _from_pixels(pixels: Pixels) -> Image.Image:
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    _check_pixels(pixels.shape[1], pixels.shape[0])
    if pixels.dtype == np.uint16:
        pixels = _to_8_bit(pixels)
    if pixels.dtype != np.uint8:
        raise PictureUnreadable(f"pixels are uint8 or uint16, found {pixels.dtype}")
    return Image.fromarray(np.ascontiguousarray(pixels))


def _check_pixels(width: int, height: int) -> None:
    if width * height > MAX_PIXELS:
        raise PictureUnreadable(f"has {width}x{height} pixels, at most {MAX_PIXELS:,} are accepted")
    if width * height == 0:
        raise PictureUnreadable("has no pixels")


def _flatten(image: Image.Image, mode: str) -> Image.Image:
    if image.mode in ("I", "I;16", "I;16B", "I;16L", "I;16N"):
        image = Image.fromarray(_to_8_bit(np.asarray(image)))
    elif image.mode == "F":
        raise PictureUnreadable("has floating-point pixels, whose range is not known")
    elif image.has_transparency_data:
        image = image.convert("RGBA")
        ground = Image.new("RGBA", image.size, (GROUND, GROUND, GROUND, 255))
        image = Image.alpha_composite(ground, image)
    return image if image.mode == mode else image.convert(mode)


def _to_8_bit(pixels: np.ndarray) -> Pixels:
    if pixels.min() < 0 or pixels.max() > 65535:
        raise PictureUnreadable("has pixels of more than 16 bits")
    # 65535 = 255 · 257: both ends of the scale are met exactly.
    return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _scales(size: tuple[int, int], width: int, height: int, resize: Resize) -> tuple[float, float]:
    across, down = width / size[0], height / size[1]
    if resize == "squash":
        return across, down
    if resize == "crop":
        scale = max(across, down)
    elif resize == "fill":
        scale = min(across, down)
    else:
        scale = 2 / (1 / across + 1 / down)
    return scale, scale


def _fit(image: Image.Image, width: int, height: int, resize: Resize) -> Image.Image:
    across, down = _scales(image.size, width, height, resize)
    left, right, inner_width = _span(image.size[0], across, width)
    top, bottom, inner_height = _span(image.size[1], down, height)
    inner = image.resize((inner_width, inner_height), Image.Resampling.BILINEAR, box=(left, top, right, bottom))
    if inner.size == (width, height):
        return inner
    canvas = Image.new(image.mode, (width, height), (PADDING,) * len(image.getbands()))
    canvas.paste(inner, ((width - inner_width) // 2, (height - inner_height) // 2))
    return canvas


def _span(length: int, scale: float, target: int) -> tuple[float, float, int]:
    """Along one side: which part of the picture is seen, from and to, and how many pixels it becomes."""
    inner = max(1, min(target, round(length * scale)))
    seen = min(float(length), max(target, 1) / scale)
    start = (length - seen) / 2
    return start, min(float(length), start + seen), inner
