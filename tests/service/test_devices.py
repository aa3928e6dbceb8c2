"""Devices as people see them: measured, and with the job that holds them."""

import os
import time

import psutil
import pytest

from digits_core.contracts.launcher import Handle
from digits_core.scheduling.inventory import machine_devices
from digits_core.service.devices import device_views, watch_devices
from digits_core.service.digits import Digits
from digits_core.spec.dataset import PictureForm
from digits_core.spec.job import JobSpec
from digits_core.store.home import Home
from digits_core.store.job import JobFolder, JobRequest, RunRequest
from digits_core.testing.graphs import two_headed


@pytest.fixture
def running(home):
    """A job that holds ``cpu:0`` and ``gpu:1``, carried by this very process."""
    request = JobRequest(
        id="holder",
        created="2026-01-01T00:00:00Z",
        spec=JobSpec(dataset="mnist", network="lenet", name="holder"),
        dataset_version="v0001",
        dataset_digest="sha256:00",
        labels=("0", "1"),
        picture=PictureForm(width=28, height=28, channels=1, resize="squash"),
        backend="numpy",
    )
    folder = JobFolder.create(Home(home), request, two_headed())
    folder.write_run(RunRequest(number=1, backend="numpy", processes=(("cpu:0",), ("gpu:1",))))
    folder.write_process(Handle(os.getpid(), psutil.Process().create_time(), os.uname().nodename, 1))
    return folder


def test_every_device_of_the_machine_is_told_with_what_it_is_busy_with(home):
    devices = machine_devices()
    views = device_views(Home(home))
    assert [view.id for view in views] == [device.id for device in devices]
    cpu = next(view for view in views if view.kind == "cpu")
    assert 0 <= cpu.utilization_percent <= 100
    assert 0 < cpu.memory_used_bytes < cpu.memory_total_bytes
    assert cpu.lease is None and cpu.temperature_c is None and cpu.power_w is None


def test_the_service_tells_the_devices_of_its_home(home, running, driver):
    assert Digits(home).devices()[0].name == "Stand-in 0"
    assert "holder" in {view.lease for view in Digits(home).devices()}


def test_a_gpu_is_told_in_bytes_percent_degrees_and_watts(home, driver):
    driver.FAULTS.clear()
    gpu = device_views(Home(home))[0]
    assert gpu.model_dump() == {
        "id": "gpu:0",
        "kind": "gpu",
        "name": "Stand-in 0",
        "memory_total_bytes": 80 * 2**30,
        "memory_used_bytes": 5 * 2**30,
        "utilization_percent": 97.0,
        "temperature_c": 61.0,
        "power_w": 412.5,
        "lease": None,
    }


def test_devices_are_held_by_the_job_that_runs_on_them_until_it_ends(home, running, driver):
    views = {view.id: view.lease for view in device_views(Home(home))}
    assert (views["cpu:0"], views["gpu:0"], views["gpu:1"]) == ("holder", None, "holder")
    running.write_process(Handle(os.getpid(), 1.5e9, os.uname().nodename, 1))
    assert {view.lease for view in device_views(Home(home))} == {None}, "that process has ended"


def test_a_damaged_job_hides_no_device(home, running):
    (running.path / "run.json").write_text("{")
    assert {view.lease for view in device_views(Home(home))} == {None}


def test_devices_are_watched_for_as_long_as_somebody_asks(home, driver):
    began = time.monotonic()
    rounds = watch_devices(Home(home), every_s=0.3)
    first = next(rounds)
    driver.FAULTS["nvmlDeviceGetHandleByUUID", 0] = driver.NVML_ERROR_GPU_IS_LOST
    second = next(rounds)
    assert time.monotonic() - began >= 0.4
    assert [view.id for view in first] == [view.id for view in second]
    assert (first[0].utilization_percent, second[0].utilization_percent) == (97.0, None)
    rounds.close()
    assert driver.opened == 0
