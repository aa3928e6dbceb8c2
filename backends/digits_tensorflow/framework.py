"""The one place that imports TensorFlow, without the notices its C++ side prints while it starts."""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

LOG_LEVEL = "TF_CPP_MIN_LOG_LEVEL"
#: ``I0000 00:00:… port.cc:153] …``, and the warning that such lines come before logging is set up.
NOTICE = re.compile(rb"^(I\d{4} |WARNING: All log messages before absl)")


@contextmanager
def _without_notices() -> Iterator[None]:
    """Hold back what is written to the standard error file, then write it out without notices."""
    original = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(original, 2)
            os.close(original)
            held.seek(0)
            os.write(2, b"".join(line for line in held if not NOTICE.match(line)))


def _import_tensorflow() -> ModuleType:
    """TensorFlow, saying errors only, or what the chosen log level lets through; notices only at level 0."""
    chosen = os.environ.get(LOG_LEVEL)
    if chosen == "0" or "tensorflow" in sys.modules:
        import tensorflow

        return tensorflow
    os.environ[LOG_LEVEL] = chosen or "2"  # importing JAX chooses 1
    try:
        with _without_notices():  # some come before the level is read
            import tensorflow
    finally:  # it is read once; processes started later choose for themselves
        if chosen is None:
            del os.environ[LOG_LEVEL]
    return tensorflow


tf = _import_tensorflow()
