import pytest

from digits_core.spec.dataset import PictureForm
from digits_core.spec.job import JobSpec
from digits_core.store.job import JobRequest


@pytest.fixture
def request_of():
    """Make the request of a job."""

    def make(id="mnist-lenet"):
        return JobRequest(
            id=id,
            created="2026-01-01T00:00:00Z",
            spec=JobSpec(dataset="mnist", network="lenet", name=id),
            dataset_version="v0001",
            dataset_digest="sha256:00",
            labels=("0", "1"),
            picture=PictureForm(width=28, height=28, channels=1, resize="squash"),
            backend="numpy",
        )

    return make
