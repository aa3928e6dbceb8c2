"""What the machine says about its devices, with and without a driver, and with one that fails."""

import inspect
import os
import subprocess
import sys
import time
from pathlib import Path

import pynvml
import pytest

from digits_core.errors import SpecInvalid
from digits_core.scheduling.inventory import gpu_trouble, machine_devices
from digits_core.scheduling.nvml import Nvml

NO_DRIVER = pytest.mark.skipif(
    Path("/proc/driver/nvidia").exists() or Path("/dev/nvidiactl").exists(), reason="this machine has a driver"
)
PINNING = pytest.mark.skipif(sys.platform != "linux", reason="only Linux pins processes to cores")


def cpus():
    return [device for device in machine_devices() if device.kind == "cpu"]


def gpus():
    return [device for device in machine_devices() if device.kind == "gpu"]


def python(code, **environment):
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@PINNING
def test_every_usable_core_is_a_device():
    assert [device.id for device in cpus()] == [f"cpu:{index}" for index in range(len(os.sched_getaffinity(0)))]
    assert {device.core for device in cpus()} == os.sched_getaffinity(0)
    assert all(device.name and device.memory_total_bytes > 2**27 and not device.uuid for device in cpus())


@PINNING
def test_cores_that_this_process_may_not_use_are_no_devices():
    core = max(os.sched_getaffinity(0))
    code = (
        f"import os; os.sched_setaffinity(0, {{{core}}});"
        "from digits_core.scheduling.inventory import machine_devices;"
        "print([(d.id, d.core) for d in machine_devices() if d.kind == 'cpu'])"
    )
    assert python(code) == f"[('cpu:0', {core})]"


@pytest.mark.parametrize("count", [1, 5])
def test_as_many_cpu_devices_as_are_asked_for_share_the_cores_in_turn(monkeypatch, count):
    cores = [device.core for device in cpus()]
    monkeypatch.setenv("DIGITS_CPU_DEVICES", f" {count} ")
    assert [device.id for device in cpus()] == [f"cpu:{index}" for index in range(count)]
    assert [device.core for device in cpus()] == [cores[index % len(cores)] for index in range(count)]


@pytest.mark.parametrize("wrong", ["0", "-1", "two", "1.5", "1025", "9" * 5000, "²"])
def test_a_wrong_number_of_cpu_devices_is_refused_in_words(monkeypatch, wrong):
    monkeypatch.setenv("DIGITS_CPU_DEVICES", wrong)
    with pytest.raises(SpecInvalid, match="DIGITS_CPU_DEVICES expects a whole number from 1 to 1024") as caught:
        machine_devices()
    assert "Unset it" in caught.value.hint


def test_an_empty_number_of_cpu_devices_says_nothing(monkeypatch):
    expected = machine_devices()
    monkeypatch.setenv("DIGITS_CPU_DEVICES", "")
    assert machine_devices() == expected


def test_gpus_come_first_with_what_a_job_needs_to_see_them(driver):
    first, second, *rest = machine_devices()
    assert (first.id, first.kind, first.name, first.uuid) == ("gpu:0", "gpu", "Stand-in 0", "GPU-aaaa-0")
    assert (second.id, second.uuid, second.memory_total_bytes) == ("gpu:1", "GPU-bbbb-1", 80 * 2**30)
    assert first.core is None and {device.kind for device in rest} == {"cpu"}
    assert gpu_trouble() == ""
    assert driver.opened == 0, "whoever looks shuts the door"


@pytest.mark.parametrize(
    ("visible", "ids", "trouble"),
    [
        ("0,1", ["gpu:0", "gpu:1"], ""),
        ("1", ["gpu:1"], ""),
        (" 1 , 0 ", ["gpu:0", "gpu:1"], ""),
        ("GPU-bbbb-1", ["gpu:1"], ""),
        ("GPU-b", ["gpu:1"], ""),
        ("", [], ""),
        ("-1", [], ""),
        ("0,7,1", ["gpu:0"], "'7' names no GPU here"),
        ("GPU-", [], "'GPU-' names no GPU here"),
        ("MIG-1234", [], "'MIG-1234' names no GPU here"),
    ],
)
def test_gpus_that_the_user_hides_are_no_devices_and_the_others_keep_their_ids(
    driver, monkeypatch, visible, ids, trouble
):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert [device.id for device in gpus()] == ids
    assert trouble in gpu_trouble() if trouble else gpu_trouble() == ""


def test_a_gpu_that_is_lost_is_named_and_the_other_keeps_its_id(driver):
    driver.FAULTS["nvmlDeviceGetHandleByIndex", 0] = driver.NVML_ERROR_GPU_IS_LOST
    assert [device.id for device in gpus()] == ["gpu:1"]
    assert gpu_trouble() == "GPU 0 cannot be used: GPU is lost."


def test_a_gpu_that_vanishes_while_it_is_asked_is_named(driver):
    driver.FAULTS["nvmlDeviceGetName", 1] = driver.NVML_ERROR_GPU_IS_LOST
    assert [device.id for device in gpus()] == ["gpu:0"]
    assert "GPU 1" in gpu_trouble()


def test_a_gpu_without_memory_of_its_own_is_a_device(driver):
    driver.FAULTS["nvmlDeviceGetMemoryInfo", 0] = driver.NVML_ERROR_NOT_SUPPORTED
    assert [device.memory_total_bytes for device in gpus()] == [None, 80 * 2**30]


@pytest.mark.parametrize(
    "code", ["NVML_ERROR_DRIVER_NOT_LOADED", "NVML_ERROR_NO_PERMISSION", "NVML_ERROR_LIB_RM_VERSION_MISMATCH"]
)
def test_a_driver_that_does_not_answer_leaves_the_cpus_and_a_reason(driver, code):
    value = driver.FAULTS["nvmlInit", None] = getattr(driver, code)
    assert gpus() == [] and cpus()
    assert gpu_trouble() == f"NVIDIA's driver does not answer: {driver.WORDS[value].rstrip('.')}."


def test_a_missing_package_leaves_the_cpus_and_says_what_to_install(driver, monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert gpus() == [] and cpus()
    assert "pip install nvidia-ml-py" in gpu_trouble()


@NO_DRIVER
def test_the_real_package_without_its_library_leaves_the_cpus_and_a_reason(driver, monkeypatch):
    monkeypatch.setitem(sys.modules, "pynvml", pynvml)
    assert gpus() == [] and cpus()
    assert gpu_trouble() == "NVIDIA's driver does not answer: NVML Shared Library Not Found."


def test_a_closed_door_answers_nothing(driver):
    nvml = Nvml()
    nvml.close()
    nvml.close()
    assert nvml.gpus() == () and nvml.usage("gpu:0", "GPU-aaaa-0").memory_used_bytes is None
    assert driver.opened == 0


@NO_DRIVER
def test_light_processes_may_ask():
    heavy = {"numpy", "pydantic", "psutil", "pynvml", "rich", "torch", "jax", "tensorflow"}
    code = (
        "import sys; from digits_core.scheduling.inventory import machine_devices, gpu_trouble; machine_devices();"
        f"print(gpu_trouble(), *({heavy} & set(sys.modules)))"
    )
    assert python(code) == ""


@NO_DRIVER
def test_an_answer_without_gpus_takes_a_moment():
    def seconds():
        began = time.perf_counter()
        machine_devices()
        return time.perf_counter() - began

    assert min(seconds() for _ in range(9)) < 0.005


def test_the_stand_in_has_the_names_and_signatures_of_the_real_library(driver):
    for name, ours in vars(driver).items():
        if name.startswith("nvml"):
            assert inspect.signature(ours) == inspect.signature(getattr(pynvml, name)), name
        elif name.startswith("NVML_"):
            assert ours == getattr(pynvml, name), name
    for value, words in driver.WORDS.items():
        assert str(pynvml.NVMLError(value)) == words
    assert {"used", "total"} <= {name for name, _ in pynvml.c_nvmlMemory_t._fields_}
    assert "gpu" in {name for name, _ in pynvml.c_nvmlUtilization_t._fields_}
