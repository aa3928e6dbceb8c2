"""Requests are checked as words, and every problem is named at once."""

import pytest

from digits_core.errors import SpecInvalid
from digits_core.spec.dataset import DatasetSpec
from digits_core.spec.files import dump_json, dump_yaml, parse_text, read_data
from digits_core.spec.job import JobSpec
from digits_core.spec.model import parse
from digits_core.spec.schedule import POLICIES, Step
from digits_core.spec.solver import SOLVERS, Sgd

MINIMAL = {"dataset": "digits", "network": "lenet"}


def test_the_defaults_are_those_of_digits():
    spec = parse(JobSpec, MINIMAL)
    assert (spec.epochs, spec.snapshots.every, spec.validate_every) == (30, 1, 1)
    assert spec.solver == Sgd(rate=0.01, momentum=0.9)
    assert spec.solver.weight_decay == pytest.approx(0.0001)
    assert spec.schedule == Step(step=33, gamma=0.1)
    assert spec.data.mean == "image"
    dataset = parse(DatasetSpec, {"name": "d", "paths": ["pictures"]})
    assert (dataset.width, dataset.height, dataset.channels) == (256, 256, 3)
    assert (dataset.resize, dataset.encoding, dataset.limits.min_per_class) == ("squash", "png", 2)


def test_a_job_survives_yaml_and_json():
    spec = parse(
        JobSpec,
        MINIMAL | {"solver": {"name": "adam", "rate": 0.002}, "schedule": {"policy": "multistep", "steps": [10, 20]}},
    )
    for dump in (dump_yaml, dump_json):
        assert parse(JobSpec, parse_text(dump(spec.model_dump(mode="json")), where="text")) == spec


def test_every_problem_is_named_at_once_with_its_key():
    wrong = MINIMAL | {
        "epochs": 0,
        "bach": 3,
        "solver": {"name": "sgd", "momentun": 1},
        "schedule": {"policy": "step", "gama": 1},
    }
    with pytest.raises(SpecInvalid) as refused:
        parse(JobSpec, wrong, where="job.yaml")
    problems = {problem.where: str(problem) for problem in refused.value.problems}
    assert problems.keys() == {
        "job.yaml, epochs",
        "job.yaml, bach",
        "job.yaml, solver.sgd.momentun",
        "job.yaml, schedule.step.gama",
    }
    assert "Did you mean batch" in problems["job.yaml, bach"]


@pytest.mark.parametrize("name", ["a/b", "..", ".hidden", "", "a b", "x" * 101, "a\nb"])
def test_a_name_that_is_no_safe_file_name_is_refused(name):
    with pytest.raises(SpecInvalid):
        parse(DatasetSpec, {"name": name, "paths": ["x"]})


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf")])
def test_a_rate_that_is_not_positive_and_finite_is_refused(rate):
    with pytest.raises(SpecInvalid):
        parse(JobSpec, MINIMAL | {"solver": {"name": "sgd", "rate": rate}})


def test_shares_must_leave_pictures_to_train_on():
    with pytest.raises(SpecInvalid, match="less than 100 percent, found 60 \\+ 40"):
        parse(DatasetSpec, {"name": "d", "paths": ["x"], "val": 60, "test": 40})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: 1\nb: 2\na: 3", ["job.yaml:3", "duplicate key 'a'"]),
        ("a: &x [1]\nb: *x", ["job.yaml:2", "aliases"]),
        ("a: [1", ["job.yaml:1"]),
        ("? [1, 2]\n: 3", ["job.yaml:1", "duplicate key"]),
        ("a: !!python/object/apply:os.system ['true']", ["job.yaml:1"]),
        ("a: \0", ["special characters"]),
    ],
)
def test_a_file_that_is_not_plain_data_is_refused_with_its_line(tmp_path, text, words):
    path = tmp_path / "job.yaml"
    path.write_text(text)
    with pytest.raises(SpecInvalid) as refused:
        read_data(path)
    for word in (*words, "job.yaml"):
        assert word in str(refused.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [("off", "off"), ("no", "no"), ("truest", "truest"), ("2024-01-31", "2024-01-31"), ("true", True), ("1.5", 1.5)],
)
def test_words_that_only_old_yaml_takes_for_something_else_are_text(text, value):
    assert parse_text(f"key: {text}", where="job.yaml") == {"key": value}


def test_steps_of_a_policy_may_be_written_as_digits_wrote_them():
    spec = parse(JobSpec, MINIMAL | {"schedule": {"policy": "multistep", "steps": "50, 85"}})
    assert spec.schedule.steps == (50.0, 85.0)
    for wrong in ("50; 85", [50, 101], [-1]):
        with pytest.raises(SpecInvalid, match="steps"):
            parse(JobSpec, MINIMAL | {"schedule": {"policy": "multistep", "steps": wrong}})


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(SpecInvalid, match=r"nothing\.yaml"):
        read_data(tmp_path / "nothing.yaml")


@pytest.mark.parametrize("model", [*SOLVERS.values(), *POLICIES.values()])
def test_every_field_of_a_solver_and_a_policy_is_described(model):
    for name, field in model.model_fields.items():
        if name not in ("name", "policy"):
            assert field.description, f"{model.__name__}.{name}"


@pytest.mark.parametrize("text", ["conv1, block*", ["conv1", "block*"], ["conv1,block*"]])
def test_patterns_may_be_a_list_or_a_text(text):
    assert parse(JobSpec, MINIMAL | {"freeze": text}).freeze == ("conv1", "block*")


def test_decay_is_a_hundredth_of_the_rate_or_what_the_paper_of_the_solver_says():
    decays = {name: solver(rate=0.5).weight_decay for name, solver in SOLVERS.items()}
    assert {name for name, decay in decays.items() if decay == 0.005} == {*decays} - {"adamw", "lion", "lars", "lamb"}
    assert [decays[name] for name in ("adamw", "lion", "lars", "lamb")] == [0.01, 0.1, 0.0005, 0.01]
    assert {solver(rate=0.5, decay=0).weight_decay for solver in SOLVERS.values()} == {0}


def test_a_solver_that_the_core_does_not_know_keeps_its_fields_until_a_plugin_is_asked():
    spec = parse(JobSpec, MINIMAL | {"solver": {"name": "other", "rate": 2, "zeta": [1, 2]}})
    assert JobSpec.model_validate_json(spec.model_dump_json()) == spec
    assert spec.solver.model_dump()["zeta"] == [1, 2]
    with pytest.raises(SpecInvalid, match="rate"):
        parse(JobSpec, MINIMAL | {"solver": {"name": "other", "rate": -2}})


@pytest.mark.parametrize("solver", [{"rate": 1}, {"name": 3}, "sgd", None])
def test_a_solver_without_a_name_says_what_is_expected(solver):
    with pytest.raises(SpecInvalid, match="solver: expects a name, such as name: sgd"):
        parse(JobSpec, MINIMAL | {"solver": solver})


def test_the_schema_for_editors_has_every_solver_of_the_core_and_leaves_room_for_others():
    forms = JobSpec.model_json_schema()["properties"]["solver"]["oneOf"]
    assert len(forms) == len(SOLVERS) + 1
    assert forms[-1]["properties"]["name"]["not"]["enum"] == list(SOLVERS)
