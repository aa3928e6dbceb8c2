"""RandAugment: a few of fourteen operations, all with one magnitude.

``m`` is magnitude / 30, ``±`` a coin; every operation is as likely as any other, and may come twice. Its strongest form
is that of AutoAugment:

================================================  ==================================================================
identity, auto_contrast, equalize                 no strength
rotate, shear_x, shear_y, translate_x / _y        ± 30·m degrees, ± 0.3·m, ± 150/331·m of the width / height
brightness, contrast, color, sharpness            factor 1 ± 0.9·m
posterize                                         keeps 8 − round(4·m) bits
solarize                                          inverts values of at least 256·(1 − m)
================================================  ==================================================================

Shears keep the top left pixel where it is. Sources: Cubuk, Zoph, Shlens, Le, *RandAugment: Practical automated data
augmentation with a reduced search space*, 2019, https://arxiv.org/abs/1909.13719; ranges: Cubuk, Zoph, Mané, Vasudevan,
Le, *AutoAugment: Learning Augmentation Policies from Data*, 2018, https://arxiv.org/abs/1805.09501.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from digits_core.dataset.augment.colour import brightened, contrasted, mapped, saturated
from digits_core.dataset.augment.opencv import opencv
from digits_core.dataset.augment.placing import Matrix, Part, place, warp
from digits_core.dataset.pictures import Pixels
from digits_core.spec.augment import STRONGEST, Augmentation, Border

_LEVELS = np.arange(256)
_SMOOTH = np.array([[1, 1, 1], [1, 5, 1], [1, 1, 1]]) / 13


def randaugment(picture: Pixels, draws: Sequence[float], options: Augmentation) -> Pixels:
    """As many operations as are asked for: each takes one draw for which, and one for its sign."""
    strength, names = options.magnitude / STRONGEST, tuple(OPERATIONS)
    for number in range(options.randaugment):
        name = names[int(draws[2 * number] * len(names))]
        sign = 1 if draws[2 * number + 1] < 0.5 else -1
        picture = OPERATIONS[name](picture, strength * sign, options.border).reshape(picture.shape)
    return picture


def _identity(picture: Pixels, strength: float, border: Border) -> Pixels:
    return picture


def _auto_contrast(picture: Pixels, strength: float, border: Border) -> Pixels:
    """Each channel stretched to the whole range."""
    values = picture.reshape(-1, picture.shape[2])
    low, high = values.min(axis=0).astype(int), values.max(axis=0).astype(int)
    stretched = (_LEVELS[:, np.newaxis] - low) * (255 / np.maximum(high - low, 1))
    return mapped(picture, np.where(high > low, stretched, _LEVELS[:, np.newaxis]))


def _equalize(picture: Pixels, strength: float, border: Border) -> Pixels:
    """Each channel's histogram made flat."""
    channels = [opencv().equalizeHist(picture[:, :, channel]) for channel in range(picture.shape[2])]
    return np.stack(channels, axis=2)


def _rotate(picture: Pixels, strength: float, border: Border) -> Pixels:
    size = picture.shape[0], picture.shape[1]
    return warp(picture, place(Part(0, 0, *size), size, size, 30 * strength, 1), size, border)


def _solarize(picture: Pixels, strength: float, border: Border) -> Pixels:
    return mapped(picture, np.where(_LEVELS >= 256 * (1 - abs(strength)), 255 - _LEVELS, _LEVELS))


def _posterize(picture: Pixels, strength: float, border: Border) -> Pixels:
    return picture & np.uint8(256 - 2 ** round(4 * abs(strength)))


def _brightness(picture: Pixels, strength: float, border: Border) -> Pixels:
    return brightened(picture, 1 + 0.9 * strength)


def _contrast(picture: Pixels, strength: float, border: Border) -> Pixels:
    return contrasted(picture, 1 + 0.9 * strength)


def _color(picture: Pixels, strength: float, border: Border) -> Pixels:
    return saturated(picture, 1 + 0.9 * strength)


def _sharpness(picture: Pixels, strength: float, border: Border) -> Pixels:
    """Away from, or towards, the picture smoothed by a 3 × 3 kernel."""
    cv2, factor = opencv(), 1 + 0.9 * strength
    smooth = cv2.filter2D(picture, -1, _SMOOTH).reshape(picture.shape)
    sharpened: Pixels = cv2.addWeighted(picture, factor, smooth, 1 - factor, 0)
    return sharpened


def _shear_x(picture: Pixels, strength: float, border: Border) -> Pixels:
    return _moved(picture, np.array([[1, 0.3 * strength, 0], [0, 1, 0]]), border)


def _shear_y(picture: Pixels, strength: float, border: Border) -> Pixels:
    return _moved(picture, np.array([[1, 0, 0], [0.3 * strength, 1, 0]]), border)


def _translate_x(picture: Pixels, strength: float, border: Border) -> Pixels:
    return _moved(picture, np.array([[1, 0, 150 / 331 * strength * picture.shape[1]], [0, 1, 0]]), border)


def _translate_y(picture: Pixels, strength: float, border: Border) -> Pixels:
    return _moved(picture, np.array([[1, 0, 0], [0, 1, 150 / 331 * strength * picture.shape[0]]]), border)


def _moved(picture: Pixels, matrix: Matrix, border: Border) -> Pixels:
    return warp(picture, matrix, (picture.shape[0], picture.shape[1]), border)


#: The fourteen, in the paper's order: each takes the picture, its signed strength, and what lies beyond the border.
OPERATIONS: dict[str, Callable[[Pixels, float, Border], Pixels]] = {
    "identity": _identity,
    "auto_contrast": _auto_contrast,
    "equalize": _equalize,
    "rotate": _rotate,
    "solarize": _solarize,
    "color": _color,
    "posterize": _posterize,
    "contrast": _contrast,
    "brightness": _brightness,
    "sharpness": _sharpness,
    "shear_x": _shear_x,
    "shear_y": _shear_y,
    "translate_x": _translate_x,
    "translate_y": _translate_y,
}
