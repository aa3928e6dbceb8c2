"""OpenCV, imported when it is first needed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from digits_core.errors import PluginMissing


class _Thread(threading.local):
    """Whether OpenCV is set up in a thread."""

    ready = False


_thread = _Thread()


def opencv() -> Any:
    """The module ``cv2``, set to compute the same in every thread.

    Raises:
        PluginMissing: If it is not installed.
    """
    cv2 = _module()
    if not _thread.ready:
        # These two are settings of each thread. Intel's primitives and OpenCL round as each processor likes.
        cv2.ipp.setUseIPP(False)
        cv2.ocl.setUseOpenCL(False)
        _thread.ready = True
    return cv2


@contextmanager
def primitives() -> Iterator[Any]:
    """`opencv` with Intel's primitives: they move whole pixels, which rounds nothing, in an eighth of the time."""
    cv2 = opencv()
    cv2.ipp.setUseIPP(True)
    try:
        yield cv2
    finally:
        cv2.ipp.setUseIPP(False)


@cache
def _module() -> Any:
    try:
        import cv2
    except ImportError as reason:
        raise PluginMissing(
            f"Augmentation needs OpenCV, which cannot be imported: {reason}.",
            where="data.augment",
            hint="Run: pip install 'digits[augment]'",
        ) from reason
    # The loader has threads of its own.
    cv2.setNumThreads(0)
    return cv2
