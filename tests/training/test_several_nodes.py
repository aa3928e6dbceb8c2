"""Several machines train one job: a command on each, here all on one machine, over its loopback."""

import json
import subprocess
import sys
import time

import numpy as np
import psutil
import pytest

from digits_core.events.facts import RunFailed, TrainingLogged
from digits_core.events.journal import read_facts
from digits_core.store.job import JobFolder
from digits_core.store.snapshots import latest_usable

pytestmark = pytest.mark.slow

COMMAND = (sys.executable, "-m", "digits_core.cli.start", "train", "colours", "lenet")
OPTIONS = ("--batch", "9", "--lr", "0.002", "--solver", "sgd", "--snapshot-every", "0", "--json")
ENDLESS = ("--epochs", "1000000", "--validate-every", "0")
BACKENDS = [pytest.param(name, marks=pytest.mark.backend(name)) for name in ("torch", "jax", "tensorflow")]


@pytest.fixture
def job(trained, home, monkeypatch):
    """The folder of the job that all nodes mean."""
    monkeypatch.setenv("DIGITS_CPU_DEVICES", "2")
    yield JobFolder(home / "jobs" / "together")
    for process in processes(home):
        process.kill()


@pytest.fixture
def nodes(job):
    """Start the commands of two nodes; what is left of them is killed."""
    begun = []

    def start(*arguments, ranks=(1, 0)):
        place = ("--name", job.id, "--devices", "cpu:1", "--nodes", "2", "--coordinator", "127.0.0.1")
        for rank in ranks:
            words = [*COMMAND, *OPTIONS, *place, "--node-rank", str(rank), *arguments]
            begun.append(subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return [command for _, command in sorted(zip(ranks, begun, strict=True), key=lambda pair: pair[0])]

    yield start
    for command in begun:
        command.kill()
        command.communicate()


def processes(home):
    """Supervisors and workers of jobs in a home."""
    every = psutil.process_iter(["cmdline"])
    return [one for one in every if any(word.startswith(str(home / "jobs")) for word in one.info["cmdline"] or ())]


def wait_until(condition, seconds=300):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.05)


def facts(job):
    return [recorded.fact for recorded in read_facts(job.journal.path)]


def weights(job):
    return latest_usable(job.snapshots_folder).arrays


@pytest.mark.parametrize("backend", BACKENDS)
def test_two_nodes_learn_what_two_devices_of_one_learn(nodes, job, backend, home):
    for command in nodes("--backend", backend, "--epochs", "3"):
        out, err = command.communicate(timeout=400)
        assert command.returncode == 0, err
        view = json.loads(out)
        assert (view["state"], view["nodes"], view["devices"]) == ("done", 2, ["cpu:0", "node1/cpu:1"])
    one = (*COMMAND, *OPTIONS, "--backend", backend, "--epochs", "3", "--devices", "cpu:2", "--name", "alone")
    done = subprocess.run(one, capture_output=True, text=True, check=False, timeout=400)
    assert done.returncode == 0 and json.loads(done.stdout)["nodes"] == 1, done.stderr
    expected = weights(JobFolder(home / "jobs" / "alone"))
    found = weights(job)
    assert found.keys() == expected.keys()
    assert max(np.abs(found[name] - expected[name]).max() for name in expected) < 1e-5
    wait_until(lambda: not processes(home))


@pytest.mark.backend("torch")
@pytest.mark.parametrize("victim", [1, 0])
def test_a_killed_node_fails_the_job_in_seconds_and_leaves_no_process(nodes, job, home, victim):
    commands = nodes("--backend", "torch", *ENDLESS)
    wait_until(lambda: any(isinstance(fact, TrainingLogged) for fact in facts(job)))
    supervisor = next(one for one in processes(home) if one.ppid() == commands[victim].pid)
    commands[victim].kill()
    supervisor.kill()
    killed = time.monotonic()
    out, _ = commands[1 - victim].communicate(timeout=200)
    assert time.monotonic() - killed < 30
    view = json.loads(out)
    assert commands[1 - victim].returncode == 1 and view["state"] == "failed"
    assert f"Node {victim} of 2 is gone" in view["error"]["message"]
    wait_until(lambda: not processes(home), 10)


@pytest.mark.backend("torch")
def test_a_killed_worker_of_another_node_is_named(nodes, job, home):
    commands = nodes("--backend", "torch", *ENDLESS)
    wait_until(lambda: any(isinstance(fact, TrainingLogged) for fact in facts(job)))
    supervisor = next(one for one in processes(home) if one.ppid() == commands[1].pid)
    supervisor.children()[0].kill()
    for command in commands:
        out, _ = command.communicate(timeout=200)
        assert command.returncode == 1 and "process 1 of 2 on node 1" in json.loads(out)["error"]["message"]
    wait_until(lambda: not processes(home), 10)


@pytest.mark.backend("torch")
def test_a_node_that_dies_before_training_begins_is_missed_too(nodes, job, home):
    commands = nodes("--backend", "torch", *ENDLESS)
    wait_until(lambda: (job.path / "nodes" / "1-1.json").exists())
    next(one for one in processes(home) if one.ppid() == commands[1].pid).kill()
    for command in commands:
        assert command.wait(200) == 1
    assert "Node 1 of 2 is gone" in [fact for fact in facts(job) if isinstance(fact, RunFailed)][-1].message


def test_nodes_that_are_waited_for_are_no_longer_wanted_after_a_pause(nodes, job, home):
    (leader,) = nodes("--backend", "numpy", *ENDLESS, ranks=(0,))
    wait_until(lambda: (job.path / "nodes" / "1-0.json").exists())
    job.ask("pause")
    out, _ = leader.communicate(timeout=200)
    assert json.loads(out)["state"] == "paused" and not job.asked()
    wait_until(lambda: not processes(home), 10)


def test_every_node_is_told_what_is_wrong_with_the_request(nodes, job):
    for command in nodes("--backend", "numpy", "--batch", "1000"):
        out, _ = command.communicate(timeout=200)
        assert command.returncode == 2 and "at most the 27" in json.loads(out)["error"]["message"]


def test_a_job_that_has_ended_is_joined_by_nobody(nodes, job, home):
    (job.path.parent / "finished").rename(job.path)
    for command in nodes("--backend", "numpy"):
        out, _ = command.communicate(timeout=200)
        message = json.loads(out)["error"]["message"]
        assert command.returncode == 2 and ("exists already" in message or "done already" in message)


@pytest.mark.parametrize("words", [("--nodes", "2"), ("--node-rank", "1"), ("--nodes", "auto")])
def test_a_place_that_is_no_place_is_refused(job, words):
    done = subprocess.run([*COMMAND, *OPTIONS, *words], capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 2 and json.loads(done.stdout)["error"]["problems"]


def test_several_nodes_need_a_name(job):
    words = ("--nodes", "2", "--node-rank", "0", "--coordinator", "127.0.0.1")
    done = subprocess.run([*COMMAND, *OPTIONS, *words], capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 2 and "expects a name" in json.loads(done.stdout)["error"]["message"]


def test_of_several_processes_that_torchrun_starts_all_but_the_first_have_nothing_to_do(job, monkeypatch):
    variables = {"GROUP_RANK": "0", "GROUP_WORLD_SIZE": "1", "LOCAL_RANK": "1", "MASTER_ADDR": "127.0.0.1"}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    done = subprocess.run([*COMMAND, "--name", job.id], capture_output=True, text=True, check=False, timeout=200)
    assert done.returncode == 0 and "Nothing to do here" in done.stderr and not job.path.exists()
