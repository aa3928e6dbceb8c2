import subprocess
import sys

import psutil
import pytest

from digits_core.errors import CapabilityMissing, SpecInvalid, WorkerDied
from digits_core.events.facts import Noted
from digits_core.scheduling.inventory import MachineDevice, machine_devices
from digits_core.scheduling.rehearsal import Rehearsal, rehearse, stage_for
from digits_core.service import batch as batches
from digits_core.service.batch import Bounds, Choice, Trial, bounds, describe, judge, memory_budget, search
from digits_core.service.capacity import Placement, estimate, find_placement, memory_note
from digits_core.service.digits import Digits
from digits_core.service.resolve import resolve_job
from digits_core.spec.job import JobSpec
from digits_core.spec.model import parse
from digits_core.store.home import Home
from digits_core.store.job import JobFolder
from digits_core.training.plan import TrainingPlan

GIB = 2**30
REQUEST = {"dataset": "colours", "network": "lenet", "backend": "numpy", "epochs": 1, "batch": "auto"}
CPU = Placement((MachineDevice("cpu:0", "cpu", "processor", 16 * GIB, core=0),), 1)
GPU = Placement((MachineDevice("gpu:0", "gpu", "card", 16 * GIB),), 1)


@pytest.fixture
def resolved(trained, home):
    digits = Digits()
    return resolve_job(REQUEST, digits.home, digits.plugins, "", digits._runs.making)


class Machine:
    """Stands for trials: a batch fits up to a size, and is faster up to another."""

    def __init__(self, fits, useful=10**9):
        self.fits, self.useful, self.tried = fits, useful, []

    def __call__(self, batch):
        self.tried.append(batch)
        return Trial(batch, "does not fit" if batch > self.fits else "", None, 10.0 * min(batch, self.useful))


# The search


def test_growth_ends_where_more_does_not_fit():
    machine = Machine(fits=300)
    choice = search(Bounds(64, 4096, "enough"), machine)
    assert (choice.trial.batch, choice.larger, choice.limit) == (256, 512, "does not fit")
    assert machine.tried == [64, 128, 256, 512]


def test_growth_ends_where_it_is_no_faster():
    choice = search(Bounds(64, 4096, "enough", gain=1.1), Machine(fits=10**6, useful=128))
    assert (choice.trial.batch, choice.larger, choice.limit) == (128, 256, "brings no more speed")


def test_where_speed_does_not_matter_the_largest_is_taken():
    choice = search(Bounds(64, 512, "enough"), Machine(fits=10**6, useful=128))
    assert (choice.trial.batch, choice.larger, choice.limit) == (512, 0, "enough")


def test_a_first_size_that_does_not_fit_is_halved_until_one_does():
    machine = Machine(fits=40)
    choice = search(Bounds(256, 4096, "enough"), machine)
    assert (choice.trial.batch, choice.larger) == (32, 64) and not choice.trial.obstacle
    assert machine.tried == [256, 128, 64, 32]


def test_where_not_even_one_fits_the_choice_says_so():
    choice = search(Bounds(4, 8, "enough"), Machine(fits=0))
    assert (choice.trial.batch, choice.trial.obstacle) == (1, "does not fit")


@pytest.mark.parametrize("fits", [0, 10**9])
def test_only_so_many_are_tried(fits):
    machine = Machine(fits=fits)
    search(Bounds(2**12, 2**40, "enough"), machine)
    assert len(machine.tried) == batches.TRIALS


def test_after_some_time_no_other_trial_is_begun(monkeypatch):
    monkeypatch.setattr(batches, "ALL_S", -1.0)
    machine = Machine(fits=10**9)
    choice = search(Bounds(64, 4096, "enough"), machine)
    assert machine.tried == [64] and choice.limit == "there was no time to try more"


# Where it begins and ends


def test_there_are_never_more_pictures_in_a_batch_than_to_train_on(resolved):
    assert bounds(resolved, CPU, 16 * GIB).most == 16  # of 27
    assert bounds(resolved, Placement(CPU.devices, 2), 16 * GIB).most == 8
    assert bounds(resolved, Placement(CPU.devices, 2, nodes=2), 16 * GIB).most == 4


def many(resolved):
    return resolved.__class__(resolved.request, resolved.graph, pictures=10**6)


def test_a_processor_begins_small_and_a_gpu_with_what_is_likely_to_fit(resolved):
    assert bounds(many(resolved), CPU, 16 * GIB) == Bounds(
        64, 4096, "4096 pictures per step is the most that is tried", batches.GAIN
    )
    assert bounds(many(resolved), GPU, 16 * GIB).start == 4096
    tight = estimate(resolved.request.spec, resolved.graph, 512).total
    assert bounds(many(resolved), GPU, tight).start == 512
    assert bounds(many(resolved), GPU, tight).most == 4096  # an estimate may be too high


def test_a_processor_never_tries_what_is_likely_to_bring_the_machine_down(resolved):
    tight = estimate(resolved.request.spec, resolved.graph, 32).total
    found = bounds(many(resolved), CPU, tight)
    assert (found.start, found.most, found.reason) == (32, 32, "64 is not likely to fit")


def test_processes_share_the_memory_that_is_free():
    alone, four = memory_budget(CPU), memory_budget(Placement(CPU.devices, 4))
    assert alone < psutil.virtual_memory().total
    assert four == pytest.approx(alone / 4, rel=0.2)
    assert memory_budget(GPU) == 16 * GIB


# What a trial says


def test_a_trial_that_was_killed_or_gave_up_did_not_fit():
    assert [judge(8, Rehearsal(status), "cpu", GIB).obstacle for status in (-9, -6)] == ["does not fit"] * 2


def test_a_trial_that_took_more_than_it_may_did_not_fit_on_a_processor():
    said = Rehearsal(0, '{"memory_bytes": 2000, "seconds_per_step": 0.5}')
    assert judge(8, said, "cpu", 1999).obstacle == "does not fit"
    assert judge(8, said, "cpu", 2000) == Trial(8, "", 2000, 16.0)
    assert judge(8, said, "gpu", 1999) == Trial(8, "", None, 16.0)


def test_what_a_framework_prints_before_the_report_does_not_matter():
    assert judge(8, Rehearsal(0, 'hello\n{"fits": false}\n'), "gpu", None).obstacle == "does not fit"


def test_a_backend_that_refuses_the_job_is_quoted():
    with pytest.raises(CapabilityMissing, match="no fp16 here"):
        judge(8, Rehearsal(0, '{"problem": "no fp16 here", "hint": "Use fp32."}'), "cpu", None)


@pytest.mark.parametrize("said", [Rehearsal(1, "", "Traceback\nImportError: broken"), Rehearsal(0, "{}x", "")])
def test_a_trial_that_breaks_is_not_taken_for_a_full_memory(said):
    with pytest.raises(WorkerDied, match=r"The trial of batch 8 ended .*(broken|it said nothing)"):
        judge(8, said, "cpu", None)


def test_a_trial_that_takes_too_long_is_ended(home):
    stage = stage_for(Home(home), "numpy", machine_devices()[-1:])
    assert judge(8, rehearse(stage, batches.PROBE, "{}", 0.01), "cpu", None).obstacle == "takes longer than 60 s to try"


def test_what_was_found_is_told_for_all_devices_and_for_each(resolved):
    choice = Choice(Trial(256, "", 2 * GIB, 2950.0), "brings no more speed", 512)
    assert describe(choice, resolved, Placement(CPU.devices, 2), 8 * GIB) == (
        "--batch auto: 512 (256 on each of 2 devices, 2.0 GiB of 8.0 GiB at 5,900 images/s; "
        "512 on each brings no more speed)."
    )


# The whole of it


class Listener:
    def __init__(self):
        self.told = []

    def started(self, job):
        self.told.append(job)

    def recorded(self, item):
        self.told.append(item.fact)

    def noted(self, message):
        self.told.append(message)


def test_a_job_is_made_with_the_number_that_was_found(trained, home):
    listener = Listener()
    view = Digits().train(REQUEST, watcher=listener)
    assert view.state == "done"
    spec = JobFolder(home / "jobs" / view.name).request().spec
    assert spec.batch == 16 and TrainingPlan.of(spec, 27).batch == 16
    looking, memory, started, found = listener.told[:4]
    assert looking.startswith("Looking for a batch size")
    assert memory.startswith("Training takes about") and "at batch 16" in memory
    assert started.name == view.name
    assert (
        isinstance(found, Noted) and "--batch auto: 16 (" in found.message and "27 training pictures" in found.message
    )
    assert found.message in view.notes


def test_every_process_gets_what_was_tried_for_one(trained, home, monkeypatch):
    monkeypatch.setenv("DIGITS_CPU_DEVICES", "3")
    view = Digits().submit({**REQUEST, "devices": "cpu:3"})
    assert JobFolder(home / "jobs" / view.name).request().spec.batch == 3 * 8
    assert "--batch auto: 24 (8 on each of 3 devices" in view.notes[0]


def test_where_nothing_fits_no_job_is_made(trained, home, monkeypatch):
    monkeypatch.setattr(batches, "SHARE", 1e-9)
    with pytest.raises(CapabilityMissing, match="found none: 1 does not fit") as refused:
        Digits().submit(REQUEST)
    assert "bf16" in refused.value.hint and "smaller pictures" in refused.value.hint
    assert list((home / "jobs").iterdir()) == [home / "jobs" / "finished"]


def test_what_the_backend_cannot_do_is_refused_before_a_job_is_made(trained, home):
    with pytest.raises(CapabilityMissing, match="bf16"):
        Digits().submit({**REQUEST, "options": {"precision": "bf16"}})


def test_the_probe_runs_in_the_interpreter_of_its_backend(trained, home, tmp_path):
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/calls\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    (home / "settings.yaml").write_text(f"interpreters: {{numpy: {python}}}\n")
    Digits().submit(REQUEST)
    assert (tmp_path / "calls").read_text().splitlines() == ["-P -m digits_core.training.probe"]


def test_a_probe_keeps_to_the_cores_of_its_devices(home, monkeypatch):
    monkeypatch.setenv("DIGITS_CPU_DEVICES", "2")
    devices = machine_devices()
    cores = {device.core for device in devices}
    if len(cores) < 2:
        pytest.skip("this machine has one core, which every device is")
    stage = stage_for(Home(home), "numpy", devices[:1])
    assert stage.cores == (devices[0].core,) and stage.environment["OMP_NUM_THREADS"] == "1"


@pytest.mark.slow
@pytest.mark.backend("torch")
def test_a_framework_is_tried_in_a_process_of_its_own(trained, home):
    view = Digits().train({**REQUEST, "backend": "torch"})
    assert view.state == "done" and "--batch auto: 16 (" in view.notes[0]
    code = "import sys, digits_core.service.batch; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


# Estimates in words


def test_a_job_that_needs_more_than_there_is_is_warned_about(resolved):
    spec = resolved.request.spec.model_copy(update={"batch": 2**20})
    poor = Placement((MachineDevice("gpu:0", "gpu", "card", GIB),), 1)
    note = memory_note(spec, resolved.graph, poor)
    assert note.startswith("Warning: Training takes about") and "card has 1.0 GiB" in note and "--accumulate" in note
    assert not memory_note(spec.model_copy(update={"batch": 64}), resolved.graph, poor).startswith("Warning")


def test_processes_on_one_processor_share_its_memory_and_those_on_gpus_do_not(home):
    assert Placement(CPU.devices, 4).memory_bytes == 4 * GIB
    assert Placement(GPU.devices, 4).memory_bytes == 16 * GIB


def test_a_placement_follows_what_devices_are_asked_for(home, monkeypatch):
    monkeypatch.setenv("DIGITS_CPU_DEVICES", "4")
    backends = Digits().plugins.backends
    whole, two = find_placement("cpu", "numpy", backends), find_placement("cpu:2", "torch", backends)
    assert (len(whole.devices), whole.processes) == (4, 1)
    assert (len(two.devices), two.processes) == (1, 2)
    busy = find_placement("cpu:1", "torch", backends, {"cpu:0", "cpu:1"})
    assert busy.devices[0].id == "cpu:2"


# Requests


@pytest.mark.parametrize("batch", [0, -4, "many", "AUTO", 2.5, None, [8]])
def test_a_batch_is_a_number_or_auto(batch):
    with pytest.raises(SpecInvalid) as refused:
        parse(JobSpec, {"dataset": "d", "network": "n", "batch": batch})
    (problem,) = refused.value.problems
    assert problem.where == "batch" and "or auto" in problem.message


@pytest.mark.parametrize("batch", [8, "8"])
def test_a_batch_may_come_as_text(batch):
    assert parse(JobSpec, {"dataset": "d", "network": "n", "batch": batch}).batch_size == 8
