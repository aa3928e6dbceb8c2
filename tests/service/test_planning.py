import pytest

from digits_core.errors import NameTaken, NameUnknown, RequestWrong, SpecInvalid
from digits_core.hooks.registry import discover
from digits_core.service.digits import Digits

REQUEST = {"dataset": "colours", "network": "lenet", "backend": "numpy", "epochs": 2, "batch": 9}


@pytest.fixture
def digits(trained, monkeypatch):
    backends = discover().backends
    monkeypatch.setattr(backends, "_owned", {"numpy": [backends.entry("numpy")]})
    return Digits()


class TestPlan:
    def test_a_request_that_is_right_is_told_in_numbers_and_nothing_is_made(self, digits):
        plan = digits.plan_job(REQUEST)
        assert plan.problems == () and (plan.name, plan.backend, plan.devices) == ("colours-lenet", "numpy", 1)
        assert (plan.pictures, plan.batch_size, plan.steps_per_epoch, plan.total_steps) == (27, 9, 3, 6)
        network = digits.network("lenet", "colours")
        assert (plan.parameters, plan.flops) == (network.parameters, network.flops)
        assert plan.trained_parameters == plan.parameters and plan.memory_bytes > 4 * plan.parameters
        assert any("Training takes about" in note for note in plan.notes)
        assert [job.job for job in digits.jobs()] == ["finished"]

    def test_everything_that_is_wrong_is_told_with_its_place_and_the_rest_in_numbers(self, digits):
        wrong = {"name": "finished", "epochs": -1, "devices": "gpu:9", "solver": {"name": "adam", "beta": 1}}
        plan = digits.plan_job({**REQUEST, **wrong})
        assert {problem.where.partition(".")[0] for problem in plan.problems} == {"name", "epochs", "devices", "solver"}
        assert plan.parameters and plan.flops and plan.steps_per_epoch == 3 and plan.name is None

    @pytest.mark.parametrize(
        ("change", "where", "message"),
        [
            ({"dataset": "colour"}, "dataset", "There is no dataset 'colour'"),
            ({"network": "lent"}, "network", "lent"),
            ({"backend": "torhc"}, "backend", "Unknown backend 'torhc'"),
            ({"start": "nobody"}, "start", "nobody"),
            ({"batch": 64}, "batch", "64"),
            ({"options": {"precision": "bf16"}}, "options.precision", "does not offer precision 'bf16'"),
            ({"devices": "cpu:2"}, "devices", "trains on one device, found 2"),
        ],
    )
    def test_one_fault_is_one_problem_at_its_key(self, digits, change, where, message, monkeypatch):
        monkeypatch.setenv("DIGITS_CPU_DEVICES", "2")
        (problem,) = digits.plan_job({**REQUEST, **change}).problems
        assert problem.where == where and message in problem.message

    @pytest.mark.parametrize("request_", [{}, {"dataset": "colours"}, {"network": "lenet"}, {"nothing": 1}])
    def test_an_unfinished_request_is_no_error(self, digits, request_):
        plan = digits.plan_job(request_)
        assert plan.problems and plan.total_steps is None

    def test_a_batch_that_is_to_be_found_leaves_steps_open(self, digits):
        plan = digits.plan_job({**REQUEST, "batch": "auto"})
        assert plan.problems == () and plan.batch_size is None and plan.parameters and "looked for" in plan.notes[0]


class TestSeveral:
    def test_every_combination_is_a_job_of_its_own(self, digits):
        made = digits.submit_several({**REQUEST, "name": "try"}, rates=(0.01, 1e-5, 0.01), batches=(3, 9))
        assert [job.job for job in made] == ["try-lr0.01-b3", "try-lr0.01-b9", "try-lr1e-05-b3", "try-lr1e-05-b9"]
        assert {job.state for job in made} == {"queued"}
        request = digits.job_request("try-lr1e-05-b3")
        assert (request["solver"]["rate"], request["batch"]) == (1e-5, 3)

    def test_without_a_name_a_second_series_does_not_meet_the_first(self, digits):
        for first in ("colours-lenet", "colours-lenet-2"):
            made = digits.submit_several(REQUEST, rates=(0.1, 0.2))
            assert [job.job for job in made] == [f"{first}-lr0.1", f"{first}-lr0.2"]

    def test_nothing_varied_is_one_job(self, digits):
        assert [job.job for job in digits.submit_several({**REQUEST, "name": "one"})] == ["one"]

    @pytest.mark.parametrize(
        ("varied", "error", "message"),
        [
            ({"batches": (9, 64)}, RequestWrong, "batch expects at most the 27"),
            ({"rates": (0.1, -1.0)}, SpecInvalid, "rate: input should be greater than 0"),
            ({"rates": [1 / n for n in range(1, 102)]}, SpecInvalid, "at most 100 jobs, found 101"),
        ],
    )
    def test_one_that_is_wrong_lets_none_be_made(self, digits, varied, error, message):
        with pytest.raises(error, match=message) as refused:
            digits.submit_several(REQUEST, **varied)
        assert len(refused.value.problems) == 1 and len(digits.jobs()) == 1

    def test_a_name_that_is_taken_lets_none_be_made(self, digits):
        digits.submit({**REQUEST, "name": "try-b9"})
        with pytest.raises(NameTaken, match="'try-b9' exists already"):
            digits.submit_several({**REQUEST, "name": "try"}, batches=(3, 9))
        assert {job.job for job in digits.jobs()} == {"finished", "try-b9"}


class TestCompare:
    def test_what_differs_and_what_came_of_it(self, digits):
        digits.train({**REQUEST, "name": "other", "epochs": 1, "solver": {"name": "adam", "rate": 1e-6}})
        found = digits.compare(["finished", "other", "finished"])
        assert [job.job for job in found.jobs] == ["finished", "other"]
        rows = {row.key: row.values for row in found.differing}
        assert rows["solver.name"] == ("sgd", "adam") and rows["epochs"] == (3.0, 1.0)
        assert rows["solver.momentum"] == (0.9, None) and not {"name", "dataset", "backend"} & rows.keys()
        results = {row.key: row for row in found.results}
        loss = results["val/loss"]
        assert loss.values == tuple(job.metrics["val/loss"] for job in found.jobs)
        assert loss.best == (loss.values.index(min(loss.values)),) and results["epoch"].best == ()
        assert results["best val/accuracy"].values[0] == found.jobs[0].best.metrics["val/accuracy"]

    def test_of_one_job_nothing_differs(self, digits):
        found = digits.compare(["finished"])
        assert found.differing == () and found.results and all(row.best == () for row in found.results)

    def test_what_is_not_there_is_refused(self, digits):
        with pytest.raises(NameUnknown, match="no job 'gone'"):
            digits.compare(["finished", "gone"])
