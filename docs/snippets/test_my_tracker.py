from pathlib import Path

import pytest
from my_tracker import Diary

from digits_core.testing.tracker_suite import TrackerSuite


class TestDiary(TrackerSuite):
    @pytest.fixture
    def tracker(self):
        return Diary

    @pytest.fixture
    def read(self):
        def read(where):
            curves = {}
            for line in (Path(where) / "diary.txt").read_text().splitlines()[1:]:
                step, name, value = line.split()
                curves.setdefault(name, []).append((int(step), float(value)))
            return curves

        return read
