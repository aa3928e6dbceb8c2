"""What a network is taught about each training picture: options of targets, of their weight, and of how often."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from digits_core.spec.model import Spec


class TargetOptions(Spec):
    """What training compares the network's answers with; validation knows nothing of it but label smoothing."""

    label_smoothing: float | None = Field(default=None, ge=0, lt=1)
    """Share of the target that is spread over all classes, for every loss; empty: as the network says.

    Source: Szegedy et al., *Rethinking the Inception Architecture for Computer Vision*, 2015,
    https://arxiv.org/abs/1512.00567.
    """
    class_weights: Literal["none", "balanced"] = "none"
    """balanced: the loss of a picture of class c counts N / (C·n_c) times, the rarer the more; on average once."""
    sampling: Literal["uniform", "balanced"] = "uniform"
    """balanced: every epoch draws each class equally often, and as many pictures as there are."""
    mixup: float | None = Field(default=None, gt=0)
    """α: every picture is blended with another, in shares from Beta(α, α), and so are their targets; 0.2 is usual.

    Source: Zhang et al., *mixup: Beyond Empirical Risk Minimization*, 2018, https://arxiv.org/abs/1710.09412.
    """
    cutmix: float | None = Field(default=None, gt=0)
    """α: a part of every picture is that of another, its area 1 − λ with λ from Beta(α, α); targets follow; 1 is usual.

    With `mixup` as well, each picture takes one of the two, evenly. Source: Yun et al., *CutMix: Regularization
    Strategy to Train Strong Classifiers with Localizable Features*, 2019, https://arxiv.org/abs/1905.04899.
    """

    @model_validator(mode="after")
    def _even_out_once(self) -> Self:
        if self.class_weights == "balanced" and self.sampling == "balanced":
            raise ValueError(
                "class_weights and sampling expect one balanced at most, found two: together they would make rare "
                "classes outweigh frequent ones. Leave one of them out."
            )
        return self

    @property
    def mixes(self) -> bool:
        """Whether pictures have two targets."""
        return self.mixup is not None or self.cutmix is not None
