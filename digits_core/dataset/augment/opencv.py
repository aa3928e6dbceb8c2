"""OpenCV, imported when it is first needed."""

from __future__ import annotations

from functools import cache
from typing import Any

from digits_core.errors import PluginMissing


@cache
def opencv() -> Any:
    """The module ``cv2``, set to compute the same everywhere and in the thread that calls it.

    Raises:
        PluginMissing: If it is not installed.
    """
    try:
        import cv2
    except ImportError as reason:
        raise PluginMissing(
            f"Augmentation needs OpenCV, which cannot be imported: {reason}.",
            where="data.augment",
            hint="Run: pip install 'digits[augment]'",
        ) from reason
    # The loader has threads of its own; Intel's primitives and OpenCL round as each processor likes.
    cv2.setNumThreads(0)
    cv2.ipp.setUseIPP(False)
    cv2.ocl.setUseOpenCL(False)
    return cv2
