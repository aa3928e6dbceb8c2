"""What training does to a picture by chance: options of augmentation, all of them off unless asked for.

Every draw is a pure function of the job's seed, the picture's position in the stream and the name of the operation, so
backends, devices and resumed runs see the same pictures, and asking for one operation changes no draw of another. The
arithmetic is in ``dataset.augment``. Validation and classification never augment.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from digits_core.spec.model import Spec

Flip = Literal["none", "lr", "ud", "both"]
Border = Literal["reflect", "edge", "gray"]

#: Strength of RandAugment at which every operation is at its strongest.
STRONGEST = 30


def _listed(value: Any) -> Any:
    """``0.02:0.04:0.06``, as short forms on a command line write several numbers."""
    return value.split(":") if isinstance(value, str) else value


def _word(value: Any) -> Any:
    """YAML reads ``turn: 90`` as a number."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Turn = Annotated[Literal["none", "90", "180", "all"], BeforeValidator(_word)]
Share = Annotated[float, Field(ge=0, le=1)]
Range = Annotated[tuple[Annotated[float, Field(gt=0)], Annotated[float, Field(gt=0)]], BeforeValidator(_listed)]


class ExtraAugmentation(Spec):
    """One augmentation that a plugin brings: its name, and whatever parameters it has."""

    model_config = ConfigDict(extra="allow")

    name: str
    """Name of the augmentation."""

    @property
    def params(self) -> dict[str, Any]:
        """What is said besides the name."""
        return dict(self.model_extra or {})


class Augmentation(Spec):
    """What training does to a picture by chance.

    In this order, whatever the order of the request: rotate, scale and cut out (one warp), flip, turn, RandAugment,
    brightness, contrast, saturation, hue, hsv, noise, the extra ones, cutout. σ is the standard deviation of a normal
    distribution.
    """

    flip: Flip = "none"
    """Mirror every second picture: lr left to right, ud upside down, both: each of them by itself."""
    turn: Turn = "none"
    """Quarter turns, all equally likely: 90: 0, 90 or 270 degrees; 180: 0 or 180; all: any of the four."""
    rotate: float = Field(default=0, ge=0, le=180)
    """Rotate about the middle by up to so many degrees either way."""
    scale: float = Field(default=0, ge=0, le=1)
    """Enlarge or reduce about the middle by the factor exp(σ·z), z normal; this is σ. DIGITS suggested 0.07."""
    area: Range | None = None
    """Random resized crop: show a part of so much of the picture's area, from and to, for example [0.08, 1].

    The part is resized to the crop, or to the picture's size where there is no crop. Source: Szegedy et al., *Going
    deeper with convolutions*, 2014, https://arxiv.org/abs/1409.4842.
    """
    aspect: Range = (0.75, 4 / 3)
    """Width over height of that part before it is resized, from and to; of no meaning without `area`."""
    border: Border = "reflect"
    """What rotating and scaling find beyond the border: the picture mirrored, its edge, or mid-grey (128)."""
    randaugment: int = Field(default=0, ge=0, le=10)
    """RandAugment: operations per picture, drawn from its fourteen.

    Source: Cubuk, Zoph, Shlens, Le, *RandAugment: Practical automated data augmentation with a reduced search space*,
    2019, https://arxiv.org/abs/1909.13719.
    """
    magnitude: float = Field(default=9, ge=0, le=STRONGEST)
    """Strength of RandAugment; of no meaning without `randaugment`."""
    brightness: Share = 0
    """Colour jitter b: every value times a factor of 1 − b to 1 + b."""
    contrast: Share = 0
    """Colour jitter c: the distance to the picture's mean grey times a factor of 1 − c to 1 + c."""
    saturation: Share = 0
    """Colour jitter s: the distance to the pixel's own grey times a factor of 1 − s to 1 + s; colour only."""
    hue: float = Field(default=0, ge=0, le=0.5)
    """Colour jitter h: the hue turned by up to h of a full turn either way; colour only."""
    hsv: Annotated[tuple[Share, Share, Share], BeforeValidator(_listed)] = (0, 0, 0)
    """σ of what is added to hue, saturation and value, as shares of their ranges; colour only.

    One draw each per picture. DIGITS suggested [0.02, 0.04, 0.06].
    """
    noise: Share = 0
    """σ of what is added to every value by itself, as a share of the range. DIGITS suggested 0.03."""
    cutout: int = Field(default=0, ge=0)
    """Side in pixels of a square painted mid-grey (128), its middle anywhere in the picture; 0: none.

    Source: DeVries, Taylor, *Improved Regularization of Convolutional Neural Networks with Cutout*, 2017,
    https://arxiv.org/abs/1708.04552.
    """
    extra: tuple[ExtraAugmentation, ...] = ()
    """Augmentations of plugins, in the order in which they are applied: `{name: …, parameters…}`."""

    @model_validator(mode="after")
    def _ranges_go_up(self) -> Self:
        if self.area is not None and not self.area[0] <= self.area[1] <= 1:
            raise ValueError(f"area expects two shares of at most 1, the smaller first; found {list(self.area)}.")
        if self.aspect[0] > self.aspect[1]:
            raise ValueError(f"aspect expects the smaller ratio first, found {list(self.aspect)}.")
        return self

    @property
    def warps(self) -> bool:
        """Whether pixels are interpolated, rather than only moved."""
        return self.rotate > 0 or self.scale > 0 or self.area is not None

    @property
    def needs_colour(self) -> tuple[str, ...]:
        """Which of the options that are on have no meaning for grey pictures."""
        wanted = {"saturation": self.saturation > 0, "hue": self.hue > 0, "hsv": any(self.hsv)}
        return tuple(name for name, on in wanted.items() if on)


#: Pictures as they are.
NO_AUGMENTATION = Augmentation()
