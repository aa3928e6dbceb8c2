import pytest
from my_augmentation import Scanlines

from digits_core.testing.augmentation_suite import AugmentationSuite


class TestScanlines(AugmentationSuite):
    @pytest.fixture
    def augmentation(self):
        return Scanlines
