import json
import subprocess
import sys
import threading
import time

import pytest

from digits_core.errors import SpecInvalid, StateConflict
from digits_core.hooks.registry import discover
from digits_core.service import claims
from digits_core.service.digits import Digits
from digits_core.spec.job import JobSpec
from digits_core.spec.schedule import POLICIES
from digits_core.spec.solver import SOLVERS


class TestBackends:
    @pytest.fixture
    def one(self, monkeypatch):
        """The numpy backend is the only one, so that no framework has to be waited for."""
        backends = discover().backends
        monkeypatch.setattr(backends, "_owned", {"numpy": [backends.entry("numpy")]})

    @pytest.fixture
    def asked(self, monkeypatch):
        """Names of backends that were asked."""
        names, ask = [], claims.ask
        monkeypatch.setattr(claims, "ask", lambda owned, *more: names.append(owned.entry.name) or ask(owned, *more))
        return names

    def test_a_backend_is_asked_once_and_tells_what_it_claims(self, one, asked):
        (view,) = Digits().backends()
        assert view.available and view.device_kinds == ("cpu",) and view.deterministic and not view.distributed
        assert set(view.solvers) == set(SOLVERS) and {"fp32", "fp64"} <= set(view.precisions) and "conv" in view.ops
        assert (Digits().backends(), asked) == ((view,), ["numpy"])

    @pytest.fixture
    def counted(self, asked, monkeypatch):
        """The same, with an answer at once."""
        answer = claims.TrialReport(devices=("cpu:0 (any)",))
        monkeypatch.setattr(claims, "ask", lambda owned, *more: asked.append(owned.entry.name) or answer)
        return asked

    @pytest.mark.parametrize("file", ["{", '{"backends": {"numpy": 7}}', "null"])
    def test_what_was_remembered_and_cannot_be_read_is_asked_again(self, one, counted, home, file):
        Digits().backends()
        (home / "cache" / "backends.json").write_text(file)
        assert Digits().backends()[0].available and len(counted) == 2

    def test_other_gpus_to_be_seen_are_another_question(self, one, counted, monkeypatch):
        Digits().backends()
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
        Digits().backends()
        assert len(counted) == 2

    def test_one_that_does_not_load_says_why_and_is_asked_again_soon(self, one, asked, home):
        home.mkdir()
        (home / "settings.yaml").write_text("interpreters: {numpy: /nowhere/python}\n")
        (view,) = Digits().backends()
        assert not view.available and "cannot be started" in view.problem and "settings.yaml" in view.remedy
        path = home / "cache" / "backends.json"
        stored = json.loads(path.read_text())
        stored["backends"]["numpy"]["asked"] -= claims.BAD_S + 1
        path.write_text(json.dumps(stored))
        Digits().backends()
        assert len(asked) == 2

    def test_one_that_nobody_asked_is_offered_at_once_and_asked_in_the_background(self, one, counted):
        digits = Digits()
        (view,) = digits.backends(ask=False)
        assert (view.available, view.asked, view.ops, counted) == (True, False, (), [])
        digits.ask_backends()
        while not digits.backends(ask=False)[0].asked:
            time.sleep(0.01)
        assert digits.backend("numpy").devices == ("cpu:0 (any)",) and counted == ["numpy"]

    def test_one_that_is_asked_takes_no_memory_of_gpus_on_which_others_train(self, tmp_path):
        python, told = tmp_path / "python", tmp_path / "told"
        python.write_text(f"#!/bin/sh\nenv > {told}\n")
        python.chmod(0o755)
        claims.ask(discover().backends.entry("jax"), str(python))
        assert "XLA_PYTHON_CLIENT_PREALLOCATE=false" in told.read_text().splitlines()

    def test_what_is_being_asked_can_be_ended_and_is_not_remembered(self, one, home, tmp_path):
        slow = tmp_path / "python"
        slow.write_text("#!/bin/sh\nexec sleep 60\n")
        slow.chmod(0o755)
        home.mkdir()
        (home / "settings.yaml").write_text(f"interpreters: {{numpy: {slow}}}\n")
        digits = Digits()
        threading.Timer(0.3, digits.end_questions).start()
        with pytest.raises(StateConflict, match="Backend numpy was not asked to the end"):
            digits.backends()
        assert not (home / "cache").exists()

    def test_no_framework_comes_into_this_process(self, home):
        code = (
            "import sys; from digits_core.service import claims; from digits_core.service.digits import Digits; "
            "claims.ask = lambda owned, *more: claims.TrialReport(); "
            "print(*(view.name for view in Digits().backends()), {'torch', 'jax', 'tensorflow'} & set(sys.modules))"
        )
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        assert done.stdout == "torch jax tensorflow numpy set()\n"


class TestForms:
    def test_every_policy_and_solver_of_the_core_says_what_can_be_set(self):
        policies, solvers = Digits().policies(), Digits().solvers()
        assert [choice.name for choice in policies] == list(POLICIES)
        assert [choice.name for choice in solvers if not choice.plugin] == list(SOLVERS)
        for choice in (*policies, *solvers):
            assert choice.summary and "``" not in choice.summary and choice.parameters
            assert all(parameter.description for parameter in choice.parameters)

    def test_bounds_are_those_that_a_request_is_held_to(self):
        (step,) = [choice for choice in Digits().policies() if choice.name == "step"]
        by_name = {parameter.name: parameter for parameter in step.parameters}
        assert (by_name["gamma"].default, by_name["gamma"].above, by_name["warmup"].below) == (0.1, 0, 100)
        (adam,) = [choice for choice in Digits().solvers() if choice.name == "adam"]
        clip = next(parameter for parameter in adam.parameters if parameter.name == "clip")
        assert (clip.optional, clip.type, clip.default, clip.above) == (True, "number", None, 0)
        assert "Kingma" in adam.source and "*" not in adam.source

    def test_a_plugin_s_solver_is_among_them(self, signum):
        (choice,) = [choice for choice in Digits().solvers() if choice.plugin]
        assert choice.name == "signum" and {"rate", "decay"} <= {item.name for item in choice.parameters}

    def test_a_policy_is_a_curve_whose_last_point_is_still_training(self):
        curve = Digits().rate_curve({"policy": "step", "step": 50, "gamma": 0.5}, 0.8, 5)
        assert curve == (0.8, 0.8, 0.4, 0.4, 0.4)

    @pytest.mark.parametrize(
        ("policy", "where", "message"),
        [
            ({"policy": "stair"}, "schedule", "Unknown schedule 'stair'"),
            ({"policy": "step", "gamma": 0}, "schedule.step.gamma", "gamma: input should be greater than 0"),
            ({"policy": "exp", "gamma": 1e10}, "schedule", "beyond all numbers"),
        ],
    )
    def test_a_policy_that_is_none_says_what_is_wrong(self, policy, where, message):
        with pytest.raises(SpecInvalid, match=message) as refused:
            Digits().rate_curve(policy, 0.1)
        assert refused.value.problems[0].where == where

    def test_forms_have_a_description_and_a_default_of_everything(self):
        for form, needed in ((Digits().job_form(), {"dataset"}), (Digits().dataset_form(), {"name", "paths"})):
            assert all(field.get("description") for field in form["properties"].values())
            assert {name for name, field in form["properties"].items() if "default" not in field} == needed
        assert Digits().job_form()["properties"]["epochs"]["default"] == JobSpec.model_fields["epochs"].default
