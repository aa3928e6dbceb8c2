import json

import numpy as np
import pytest

from digits_core.errors import NameUnknown, SpecInvalid
from digits_core.events.facts import DeviceUsage, RunStarted, Sampled, TrainingLogged, Validated
from digits_core.events.journal import Journal
from digits_core.scheduling.monitor import UsageJournal
from digits_core.service.curves import thinned
from digits_core.service.digits import Digits


@pytest.fixture
def digits(trained):
    return Digits()


@pytest.fixture
def journal(digits):
    return Journal(digits.home.job_folder("finished") / "events.jsonl")


def logged(step, loss):
    return TrainingLogged(step, step / 3, loss, 0.5, 0.01, 100.0)


def test_what_was_asked_is_plain_data_that_is_taken_again(digits):
    request = digits.job_request("finished")
    assert request["dataset"] == "colours" and request["solver"]["rate"] == 0.002 and request["seed"] == 0
    assert json.loads(json.dumps(request)) == request
    digits.train({**request, "name": "again", "epochs": 1})
    assert digits.job_request("again") == {**request, "name": "again", "epochs": 1}


class TestEvents:
    def test_every_fact_comes_once_whatever_the_cursor(self, digits):
        whole = digits.events("finished")
        assert whole.events[0].kind == "run-started" and not whole.more
        for number, event in enumerate(whole.events):
            rest = digits.events("finished", event.cursor)
            assert rest.events == whole.events[number + 1 :] and rest.cursor == whole.cursor

    def test_in_parts_they_are_the_same(self, digits):
        found, cursor, more = [], "", True
        while more:
            part = digits.events("finished", cursor, most=2)
            found += part.events
            cursor, more = part.cursor, part.more
        assert tuple(found) == digits.events("finished").events

    def test_a_line_that_is_still_being_written_waits(self, digits, journal):
        cursor = digits.events("finished").cursor
        with open(journal.path, "ab") as stream:
            stream.write(b'{"time": 1.0, "kind": "noted", ')
        assert digits.events("finished", cursor).cursor == cursor
        with open(journal.path, "ab") as stream:
            stream.write(b'"message": "now"}\n')
        assert [event.data for event in digits.events("finished", cursor).events] == [{"message": "now"}]

    def test_a_cursor_beyond_the_end_is_of_another_journal_and_begins_anew(self, digits):
        assert digits.events("finished", "999999999") == digits.events("finished")

    @pytest.mark.parametrize("cursor", ["x", "-1", "1" * 30, "²"])
    def test_a_cursor_that_is_none_is_refused(self, digits, cursor):
        with pytest.raises(SpecInvalid, match="cursor expects a number"):
            digits.events("finished", cursor)

    def test_of_no_job_there_are_none(self, digits):
        with pytest.raises(NameUnknown, match="There is no job 'finishd'"):
            digits.events("finishd")


class TestSeries:
    def test_curves_are_those_of_the_journal(self, digits):
        view = digits.series("finished")
        assert [step for step, _, _ in view.val["loss"]] == [3, 6, 9]
        last = digits.job("finished").metrics
        assert view.val["accuracy"][-1] == (9, 3.0, last["val/accuracy"])
        assert view.train["loss"][-1][2] == last["train/loss"] and view.learning_rate and view.images_per_second

    def test_what_is_new_is_seen_and_what_a_later_run_did_again_is_left_out(self, digits, journal):
        before = digits.series("finished")
        journal.append(RunStarted(2, "numpy", ("cpu:0",), 6, 9, 3))
        journal.append(Validated(8, 2.6, 0.25, 1.0, 1.0))
        journal.append(Validated(9, 3.0, 1e9, 1.0, 1.0))
        view = digits.series("finished")
        assert [step for step, _, _ in view.val["loss"]] == [3, 6, 8, 9] and view.cursor != before.cursor
        assert view == Digits().series("finished")

    def test_a_job_of_the_same_name_begins_anew(self, digits, journal):
        digits.series("finished")
        journal.path.write_bytes(b"")
        for step in range(200):
            journal.append(logged(step, 0.5))
        assert len(digits.series("finished").train["loss"]) == 200 and not digits.series("finished").val

    def test_a_long_curve_keeps_its_peaks(self, digits, journal):
        records = [
            {"time": 1.0, "kind": "training-logged", "step": step, "epoch": step / 3, "loss": 1.0, "accuracy": 0.0}
            | {"learning_rate": 0.1, "images_per_second": 1.0}
            for step in range(5000)
        ]
        records[1234]["loss"], records[3210]["loss"] = 99.0, -1.0
        journal.path.write_text("".join(json.dumps(record) + "\n" for record in records))
        curve = digits.series("finished", points=100).train["loss"]
        assert len(curve) <= 100 and {99.0, -1.0} <= {value for _, _, value in curve}
        assert (curve[0][0], curve[-1][0]) == (0, 4999)

    @pytest.mark.parametrize("most", [2, 3, 4, 7, 100])
    def test_thinned_is_never_more_than_asked_for(self, most):
        for count in range(60):
            places = thinned(np.arange(count) % 7.0, most)
            assert len(places) == min(count, most) or len(places) < most < count
            assert places == sorted(set(places)) and (not places or (places[0], places[-1]) == (0, count - 1))

    def test_one_point_is_no_curve(self, digits):
        with pytest.raises(SpecInvalid, match="points expects a whole number greater than or equal to 2, found 1"):
            digits.series("finished", points=1)


class TestUsageHistory:
    def test_samples_are_averaged_and_devices_of_later_runs_join(self, digits):
        path = digits.home.job_folder("finished") / "usage.jsonl"
        path.unlink(missing_ok=True)
        journal = UsageJournal(path)
        for number in range(4):
            journal.append(Sampled((DeviceUsage("cpu:0", 10.0 * number, 100),), 1, None, 1000 + number))
        assert digits.usage_history("finished").devices[0].utilization_percent == (0.0, 10.0, 20.0, 30.0)
        for number in range(4):
            journal.append(Sampled((DeviceUsage("gpu:0", 50.0, 7, 40.0 + number),), 1, 100.0, 5000))
        view = digits.usage_history("finished", points=4)
        assert len(view.times) == 4 and list(view.times) == sorted(view.times)
        assert view.cpu_percent == (None, None, 100.0, 100.0) and view.memory_bytes == (1000, 1002, 5000, 5000)
        cpu, gpu = view.devices
        assert cpu.utilization_percent == (5.0, 25.0, None, None) and gpu.temperature_c == (None, None, 40.5, 42.5)

    def test_what_was_rotated_away_belongs_before_what_is_new(self, digits):
        path = digits.home.job_folder("finished") / "usage.jsonl"
        path.unlink(missing_ok=True)
        journal = UsageJournal(path, most_bytes=400)
        for number in range(5):
            journal.append(Sampled((), 1, None, number))
            seen = digits.usage_history("finished").memory_bytes
        assert seen == Digits().usage_history("finished").memory_bytes and seen[-2:] == (3, 4)
