"""Solvers, averages, frozen layers and decay rules from the command line to the snapshot."""

import numpy as np

from digits_core.contracts.backend import shown_weights
from digits_core.inference.model import load_model
from digits_core.spec.solver import NamedSolver
from digits_core.store.home import Home
from digits_core.store.job import JobFolder
from digits_core.store.snapshots import latest_usable
from digits_core.training.initialize import initial_arrays

TRAIN = ("train", "colours", "lenet", "--batch", 9, "--epochs", 1, "--name", "own", "--json")


def test_a_job_with_a_plugins_solver_frozen_layers_and_averages_trains_and_classifies(digits, trained, home, signum):
    wanted = ("--solver", "signum", "--lr", 0.001, "--set", "solver.beta=0.8", "--average", 0.9)
    answer = digits(*TRAIN, "--backend", "numpy", *wanted, "--freeze", "conv1", "--decay-on", "kernels")
    assert answer.status == 0 and answer.data["state"] == "done"
    model, spec = load_model(Home(home), "own"), JobFolder(Home(home).job_folder("own")).request().spec
    assert (spec.solver.name, spec.freeze) == ("signum", ("conv1",))
    start = initial_arrays(model.graph, seed=0)
    assert np.array_equal(model.arrays["conv1/kernel"], start["conv1/kernel"])
    saved = latest_usable(Home(home).job_folder("own") / "snapshots").arrays
    assert model.arrays.keys() == model.graph.parameters.keys()
    assert all(np.array_equal(array, shown_weights(saved)[name]) for name, array in model.arrays.items())
    assert not np.array_equal(model.arrays["conv2/kernel"], saved["conv2/kernel"])
    assert digits("classify", "own@epoch-1", trained / "red" / "00.png").status == 0
    assert model.graph.parameters["conv2/bias"].decay_multiplier == 0


def test_what_cannot_be_trained_is_refused_with_everything_that_is_wrong(digits, trained, signum):
    answer = digits(*TRAIN, "--backend", "jax", "--solver", "signum", "--freeze", "cnov1", "--freeze", "relu*")
    assert answer.status == 2
    for part in ("'cnov1'", "Did you mean conv1", "'relu*'", "no rule for backend jax", "numpy, torch"):
        assert part in answer.err + answer.out


def test_a_decay_rule_that_there_is_not_is_refused(digits, trained):
    answer = digits(*TRAIN, "--decay-on", "biases", "--average", 1)
    assert answer.status == 2
    assert "decay_on" in answer.out + answer.err and "average" in answer.out + answer.err


def test_a_job_with_a_plugins_solver_goes_on_where_the_plugin_has_a_rule(digits, paused, signum):
    request = paused.request()
    spec = request.spec.model_copy(update={"solver": NamedSolver(name="signum", rate=0.001)})
    paused.write_request(request.model_copy(update={"spec": spec}))
    answer = digits("job", "resume", "finished", "--backend", "jax")
    assert answer.status == 2 and "no rule for backend jax" in answer.err
    answer = digits("job", "resume", "finished", "--json")
    assert (answer.status, answer.data["state"]) == (0, "done")


def test_a_job_whose_solver_nobody_brings_any_more_is_shown_and_refused(digits, paused):
    request = paused.request()
    spec = request.spec.model_copy(update={"solver": NamedSolver(name="signum", rate=0.001)})
    paused.write_request(request.model_copy(update={"spec": spec}))
    assert digits("job", "show", "finished").status == 0
    answer = digits("job", "resume", "finished")
    assert answer.status == 2 and "Unknown solver 'signum'" in answer.err
    assert digits("job", "show", "finished", "--json").data["state"] == "paused"
