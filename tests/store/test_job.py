"""The folder of a job."""

import pytest

from digits_core.contracts.launcher import Handle
from digits_core.errors import NameTaken, NameUnknown, NetworkInvalid, SpecInvalid
from digits_core.store.home import Home
from digits_core.store.job import JobFolder, RunRequest
from digits_core.testing.graphs import two_headed


@pytest.fixture
def job(tmp_path, request_of):
    return JobFolder.create(Home(tmp_path), request_of(), two_headed())


def test_request_and_graph_come_back_as_they_were(job, request_of):
    assert job.request() == request_of()
    assert job.graph() == two_headed()


def test_a_job_knows_its_id_and_its_home(job, tmp_path):
    assert job.id == "mnist-lenet"
    assert job.home == Home(tmp_path)
    assert job.home.job_ids() == ("mnist-lenet",)


def test_a_second_job_of_that_id_is_refused_and_the_first_stands(job, tmp_path, request_of):
    before = (job.path / "job.json").read_bytes()
    with pytest.raises(NameTaken, match="mnist-lenet"):
        JobFolder.create(Home(tmp_path), request_of(), two_headed())
    assert (job.path / "job.json").read_bytes() == before
    assert [path.name for path in job.path.parent.iterdir()] == ["mnist-lenet"]


def test_runs_and_processes_come_back_as_they_were(job):
    assert job.run() is None
    assert job.process() is None
    job.write_run(RunRequest(number=2, backend="jax", processes=(("cpu:0",), ("cpu:1",))))
    job.write_process(Handle(4711, 1.5e9))
    assert job.run() == RunRequest(number=2, backend="jax", processes=(("cpu:0",), ("cpu:1",)))
    assert job.process() == Handle(4711, 1.5e9)


def test_wishes_are_heard_until_they_are_cleared(job):
    assert job.asked() == frozenset()
    job.ask("pause")
    job.ask("abort")
    job.ask("abort")
    assert job.asked() == {"pause", "abort"}
    job.clear_asked()
    assert job.asked() == frozenset()


def test_a_job_that_does_not_exist_is_unknown(tmp_path):
    with pytest.raises(NameUnknown, match="nobody"):
        JobFolder(Home(tmp_path).job_folder("nobody")).request()


def test_damaged_files_are_named(job):
    (job.path / "job.json").write_text("{")
    (job.path / "graph.json").write_text('{"name": "x", "layers": []}')
    with pytest.raises(SpecInvalid, match=r"job\.json"):
        job.request()
    with pytest.raises(NetworkInvalid, match=r"graph\.json"):
        job.graph()
