"""Carry one run of each given job for some steps, then pause: ``python carry.py JOB_FOLDER STEPS …``."""

import sys
from pathlib import Path

from digits_core.store.job import JobFolder
from digits_core.training.worker import work


class Limit:
    """Wants a pause after so many steps."""

    def __init__(self, steps):
        self.left = steps

    def wish(self):
        self.left -= 1
        return "pause" if self.left == 0 else None

    def beat(self):
        pass


if __name__ == "__main__":
    pairs = list(zip(sys.argv[1::2], sys.argv[2::2], strict=True))
    sys.exit(max(work(JobFolder(Path(folder)), Limit(int(steps))) for folder, steps in pairs))
