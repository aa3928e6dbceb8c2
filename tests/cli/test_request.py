import pytest

from digits_core.cli.augment import augment_flags
from digits_core.cli.request import job_request
from digits_core.errors import SpecInvalid
from digits_core.spec.augment import Augmentation
from digits_core.spec.job import DataOptions
from digits_core.spec.model import parse


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "job.yaml"
    path.write_text("dataset: d\nnetwork: lenet\nsolver: {name: adam, rate: 0.1, beta1: 0.8}\n")
    return path


def test_flags_that_are_not_given_leave_no_trace():
    assert job_request(None, {"dataset": "d", "epochs": None, "solver.rate": None}, []) == {"dataset": "d"}


def test_dotted_flags_become_parts_with_their_usual_form():
    assert job_request(None, {"solver.rate": 0.1, "schedule.warmup": 5.0}, []) == {
        "solver": {"rate": 0.1, "name": "sgd"},
        "schedule": {"warmup": 5.0, "policy": "step"},
    }


def test_flags_go_over_the_file_and_settings_over_flags(file):
    data = job_request(file, {"solver.rate": 0.2, "epochs": 3.0}, ["solver.rate=0.3", "seed=4"])
    assert data["solver"] == {"name": "adam", "rate": 0.3, "beta1": 0.8}
    assert data["epochs"] == 3.0 and data["seed"] == 4


def test_another_solver_keeps_what_all_solvers_share(file):
    assert job_request(file, {"solver.name": "sgd"}, [])["solver"] == {"name": "sgd", "rate": 0.1}
    assert job_request(file, {"solver.name": "adam"}, [])["solver"]["beta1"] == 0.8


def test_settings_are_yaml_values():
    data = job_request(None, {}, ["schedule.policy=multistep", "schedule.steps=[30, 60]", "data.shuffle=false"])
    assert data == {"schedule": {"policy": "multistep", "steps": [30, 60]}, "data": {"shuffle": False}}


def test_the_short_form_of_augmentation_goes_over_the_file(file):
    file.write_text("dataset: d\ndata: {crop: 4, augment: {flip: ud, noise: 0.1}}\n")
    data = job_request(file, augment_flags("flip=lr, hsv=0.02:0.04:0.06,turn=90"), ["data.augment.noise=0.2"])["data"]
    assert parse(DataOptions, data) == DataOptions(
        crop=4, augment=Augmentation(flip="lr", noise=0.2, hsv=(0.02, 0.04, 0.06), turn="90")
    )
    assert job_request(file, augment_flags("none"), [])["data"] == {"crop": 4, "augment": {}}
    assert augment_flags(None) == {}


def test_a_network_file_is_found_beside_the_job_file(file):
    (file.parent / "net.yaml").write_text("x")
    file.write_text("dataset: d\nnetwork: net.yaml\n")
    assert job_request(file, {}, [])["network"] == str(file.parent / "net.yaml")


@pytest.mark.parametrize("setting", ["", "seed", "=1", "seed=["])
def test_settings_of_another_form_are_refused(setting):
    with pytest.raises(SpecInvalid):
        job_request(None, {}, [setting])
