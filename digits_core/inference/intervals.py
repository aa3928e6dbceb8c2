"""How sure a measured share is."""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import TypeAlias

#: The share of such intervals that contain the true value.
CONFIDENCE = 0.95
METHOD = "Wilson score interval"
#: From and to.
Interval: TypeAlias = tuple[float, float]


def wilson(hits: int, count: int, confidence: float = CONFIDENCE) -> Interval:
    """The Wilson score interval of a share ``p = hits / count``.

    ``(p + z²/2n ± z·√(p(1 − p)/n + z²/4n²)) / (1 + z²/n)`` with z the normal quantile of the confidence. It stays
    within 0 and 1 and holds for few pictures and for shares near either end, where ``p ± z·√(p(1 − p)/n)`` does not.

    Source: E. B. Wilson, Probable Inference, the Law of Succession, and Statistical Inference, JASA 22 (1927),
    https://doi.org/10.1080/01621459.1927.10502953.

    Args:
        hits: How often it was so.
        count: Of how many; of none anything may be true.
        confidence: The share of such intervals that contain the true value.

    >>> [round(end, 3) for end in wilson(90, 100)]
    [0.826, 0.945]
    """
    if not count:
        return 0.0, 1.0
    z, share = NormalDist().inv_cdf((1 + confidence) / 2), hits / count
    centre = share + z * z / (2 * count)
    reach = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    scale = 1 + z * z / count
    # Both ends are exact in theory; rounding must not put the measured share outside.
    return max(0.0, min((centre - reach) / scale, share)), min(1.0, max((centre + reach) / scale, share))
