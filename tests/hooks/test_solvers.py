"""A plugin brings a solver: fields, slots, and a rule for each backend that it is for."""

from typing import ClassVar

import pytest

from digits_core.contracts.solver_rules import rule_of
from digits_core.errors import CapabilityMissing, NameUnknown, PluginMissing, SpecInvalid
from digits_core.hooks.registry import discover
from digits_core.hooks.solvers import known_solver, require_rule, with_known_solver
from digits_core.spec.job import JobSpec
from digits_core.spec.model import parse
from digits_core.spec.solver import Sgd
from digits_core.testing.graphs import multiplied, weights_of
from digits_core.testing.runs import RATES, Run, assert_close, build

MINIMAL = {"dataset": "d", "network": "n"}


def known(**fields):
    spec = parse(JobSpec, MINIMAL | {"solver": {"name": "signum", **fields}})
    return with_known_solver(spec, discover().solvers, "job.yaml")


def test_a_solver_of_a_plugin_is_known_by_its_name_with_fields_and_defaults_of_its_own(signum):
    spec = known(beta=0.5)
    assert (spec.solver.beta, spec.solver.rate, spec.solver.weight_decay) == (0.5, 0.0001, 0.000001)
    again = JobSpec.model_validate_json(spec.model_dump_json())
    assert known_solver(again.solver, discover().solvers) == spec.solver


def test_wrong_fields_of_a_plugins_solver_are_named_with_their_place(signum):
    with pytest.raises(SpecInvalid) as refused:
        known(beta=1.5, gamma=1)
    places = [problem.where for problem in refused.value.problems]
    assert sorted(places) == ["job.yaml, solver, beta", "job.yaml, solver, gamma"]


def test_an_unknown_solver_shows_close_matches_among_all_of_them(signum):
    spec = parse(JobSpec, MINIMAL | {"solver": {"name": "sigmun"}})
    with pytest.raises(NameUnknown, match=r"Did you mean signum.*Known: adadelta,.* signum"):
        with_known_solver(spec, discover().solvers)


def test_a_solver_without_a_rule_for_a_backend_is_refused_and_says_where_it_trains(signum):
    with pytest.raises(CapabilityMissing, match=r"no rule for backend jax.*trains in numpy, torch"):
        require_rule(known().solver, "jax")
    require_rule(known().solver, "torch")
    require_rule(Sgd(), "jax")


def test_a_rule_that_cannot_be_imported_is_the_plugins_fault():
    class Broken(Sgd):
        name: str = "broken"
        rules: ClassVar = {"numpy": "no_such_module:rule"}

    with pytest.raises(PluginMissing, match="authors of the plugin"):
        rule_of(Broken(), "numpy", {})


@pytest.mark.backend("torch")
def test_a_solver_of_a_plugin_steps_alike_in_every_backend_that_it_is_for(signum):
    solver = known(average=0.5, clip=1.0).solver
    graph = multiplied()
    torch, numpy = (
        Run(build(discover().backends.get(name)(), graph, solver, "fp64"), graph, weights_of(graph))
        for name in ("torch", "numpy")
    )
    torch.advance(RATES)
    numpy.advance(RATES)
    assert_close(torch.arrays(), numpy.arrays(), 1e-10)
