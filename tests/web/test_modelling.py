"""The form of a new model as data: fields, drafts, and the same for a terminal."""

import shlex

import pytest
import typer.testing

from digits_core.cli.main import app
from digits_core.errors import SpecInvalid
from digits_core.service.digits import Digits
from digits_core.spec.files import parse_text
from digits_core.spec.job import JobSpec
from digits_core.spec.model import parse
from digits_web.modelling.command import command_line, command_lines, job_file
from digits_web.modelling.custom import read_network
from digits_web.modelling.draft import Draft
from digits_web.modelling.fields import choice_fields, leaves
from digits_web.modelling.vocabulary import vocabulary

FORM = JobSpec.model_json_schema()
FIELDS = {field.key: field for field in leaves(FORM)}
TEXT = "name: mine\nlayers:\n  - {name: logits, op: dense}\n"
REQUEST = {
    "dataset": "colours",
    "network": "lenet:hidden=7,conv1=[4]",
    "name": "tried",
    "devices": "cpu:0,1",
    "epochs": 2.5,
    "batch": 9,
    "solver": {"name": "adam", "rate": 0.003, "beta1": 0.8},
    "schedule": {"policy": "multistep", "steps": [20, 60]},
    "data": {"crop": 12, "augment": {"flip": "lr", "hsv": [0.02, 0.04, 0.06]}},
    "freeze": ["conv*"],
    "early_stopping": {"patience": 3},
}


def test_every_key_of_a_request_has_a_field_or_a_place_of_its_own():
    keys = {key.partition(".")[0] for key in FIELDS} | {"solver", "schedule", "track"}
    assert keys == set(JobSpec.model_fields)
    assert all(field.help for field in FIELDS.values())
    assert FIELDS["data.augment.flip"].choices == ("none", "lr", "ud", "both")
    assert FIELDS["early_stopping.patience"].default is None


def test_solvers_and_policies_bring_fields_of_their_own():
    solvers = {choice.name: choice for choice in Digits().solvers()}
    fields = {field.key: field for field in choice_fields("solver", solvers["adam"])}
    assert fields["solver.beta1"].default == 0.9 and fields["solver.rate"].kind == "number"
    policies = {choice.name: choice for choice in Digits().policies()}
    steps = {field.key: field for field in choice_fields("schedule", policies["multistep"])}
    assert steps["schedule.steps"].read("20, 60") == [20, 60]


@pytest.mark.parametrize(
    ("key", "typed", "value"),
    [
        ("epochs", " 1e1 ", 10.0),
        ("batch", "auto", "auto"),
        ("data.augment.hsv", "[0.02, 0.04, 0.06]", [0.02, 0.04, 0.06]),
        ("freeze", "conv1, block*", ["conv1", "block*"]),
        ("seed", "", None),
    ],
)
def test_a_field_reads_what_people_type(key, typed, value):
    assert FIELDS[key].read(typed) == value


def test_a_field_says_what_it_expects():
    with pytest.raises(ValueError, match="Batch size expects a whole number or auto, found 'many'"):
        FIELDS["batch"].read("many")


def test_a_draft_says_only_what_was_changed():
    draft = Draft(dataset="colours")
    draft.set("epochs", 30, 30)
    draft.set("data.augment.flip", "lr", "none")
    draft.choose("solver", "adam", "sgd")
    draft.rates = "0.01, 0.003"
    assert draft.request() == {
        "dataset": "colours",
        "network": "lenet",
        "data": {"augment": {"flip": "lr"}},
        "solver": {"name": "adam", "rate": 0.01},
    }
    assert draft.series() == ((0.01, 0.003), ())
    with pytest.raises(SpecInvalid, match=r"found '0,01'.* Write 0.01 with a point"):
        Draft(rates="0,01").series()


def test_what_is_inherited_from_a_model_is_said_where_it_was_chosen():
    draft = Draft(dataset="colours", tab="pretrained", start="finished")
    draft.set("data.mean", "image", "image")
    assert draft.request() == {"dataset": "colours", "start": "finished", "data": {"mean": "image"}}


def test_a_draft_survives_the_browser_and_what_is_none_is_forgotten():
    draft = Draft.of(REQUEST)
    assert Draft.from_json(draft.to_json()) == draft
    assert Draft.from_json("nonsense") is None and Draft.from_json(None) is None


@pytest.mark.parametrize(
    "request_",
    [
        REQUEST,
        {"dataset": "colours", "network": TEXT},
        {"dataset": "colours", "start": "finished@best"},
        {"dataset": "colours", "network": "lenet", "track": {"csv": {}}},
    ],
    ids=["many keys", "a text", "a start", "trackers"],
)
def test_a_request_comes_back_from_the_form_as_it_was(request_):
    assert parse(JobSpec, Draft.of(request_).request()) == parse(JobSpec, request_)


def test_everything_that_cannot_be_read_is_told_at_once():
    with pytest.raises(SpecInvalid) as refused:
        Draft(rates="fast", batches="many", other="[1").request()
    assert [problem.where.partition(":")[0] for problem in refused.value.problems] == ["rate", "batch", "other keys"]


def test_the_job_file_is_the_request_with_its_text_as_it_was_written():
    written = job_file({"dataset": "colours", "network": TEXT})
    assert "network: |\n  name: mine\n" in written
    assert parse_text(written, where="job.yaml") == {"dataset": "colours", "network": TEXT}


def test_the_command_line_makes_the_same_job(monkeypatch):
    asked = []
    monkeypatch.setattr(Digits, "submit", lambda digits, request, **_: asked.append(request))
    monkeypatch.setattr("digits_core.cli.running.queue", lambda digits, act, **_: act())
    wanted = {**REQUEST, "network": "lenet:hidden=7", "retries": 2}
    words = shlex.split(command_line(wanted))
    answer = typer.testing.CliRunner().invoke(app, [*words[1:], "--detach"])
    assert answer.exit_code == 0, answer.output
    assert parse(JobSpec, asked[0]) == parse(JobSpec, wanted)


def test_several_rates_and_batches_are_a_line_each():
    lines = command_lines({"dataset": "colours", "network": "lenet"}, (0.1, 0.01), (8, 16)).splitlines()
    assert len(lines) == 4 and "--lr 0.01 --batch 16" in lines[-1].replace(
        "--batch 16 --lr 0.01", "--lr 0.01 --batch 16"
    )
    assert command_line({"dataset": "colours", "network": TEXT}) == "digits train --file job.yaml"


def test_completion_knows_every_operation_and_what_its_fields_take():
    words = vocabulary(Digits().network_schema())
    conv = words["ops"]["conv"]
    assert conv["needs"] == ["filters", "kernel"] and "relu" in conv["fields"]["activation"]["values"]
    assert conv["fields"]["filters"]["values"] == ["$classes"] and "values" not in conv["fields"]["stride"]
    assert "layers" in words["top"] and "xavier" in conv["fields"]["kernel_initializer"]["values"]


def test_a_prototxt_becomes_a_text(home):
    prototxt = """
    name: "tiny"
    input: "data" input_shape { dim: 1 dim: 1 dim: 12 dim: 12 }
    layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" inner_product_param { num_output: 3 } }
    """
    text, _ = read_network(Digits(home), "deploy.prototxt", prototxt.encode())
    assert Digits(home).sketch({"network": text}).network.layers[-1].output == (3,)
    assert read_network(Digits(home), "own.yaml", TEXT.encode()) == (TEXT, ())
