import signal

import pytest

from digits_core.events.facts import (
    Noted,
    RunAborted,
    RunFailed,
    RunFinished,
    RunPaused,
    RunStarted,
    SnapshotSaved,
)
from digits_core.scheduling.states import died, fold

FINISHED = RunFinished(9, "completed", 100.0, 1.0)
FAILED = RunFailed(3, "The loss is not finite.", "Lower the rate.")
PAUSED = RunPaused(4)


def started(run):
    return RunStarted(run, "numpy", ("cpu:0",), 0, 9, 3)


@pytest.mark.parametrize(
    ("facts", "run", "alive", "state"),
    [
        ((), 0, False, "queued"),
        ((), 1, True, "starting"),
        ((), 1, False, "failed"),
        ((started(1),), 1, True, "running"),
        ((started(1),), 1, False, "failed"),
        ((started(1), SnapshotSaved(3, 1.0, "000001-epoch")), 1, True, "running"),
        ((started(1), FINISHED), 1, False, "done"),
        ((started(1), FINISHED), 1, True, "done"),
        ((started(1), PAUSED), 1, False, "paused"),
        ((started(1), FAILED), 1, False, "failed"),
        ((started(1), RunAborted(3)), 1, False, "aborted"),
        ((started(1), PAUSED), 2, True, "starting"),
        ((started(1), PAUSED), 2, False, "failed"),
        ((started(1), PAUSED), 0, False, "paused"),
        ((started(1), PAUSED, started(2)), 2, True, "running"),
        ((started(1), PAUSED, started(2)), 2, False, "failed"),
        ((started(1), PAUSED, started(2), FINISHED), 2, False, "done"),
        ((started(1), PAUSED, FAILED), 2, False, "failed"),
        ((started(1), FAILED, Noted("damaged"), started(2)), 2, True, "running"),
        ((started(1),), 2, True, "starting"),
        ((started(1), FAILED, RunAborted(3)), 1, False, "aborted"),
    ],
)
def test_facts_and_liveness_fold_into_one_state(facts, run, alive, state):
    assert fold(facts, run=run, alive=alive).state == state


def test_a_running_job_that_is_asked_to_pause_is_pausing():
    assert fold((started(1),), run=1, alive=True, pause_asked=True).state == "pausing"
    assert fold((started(1), PAUSED), run=1, alive=False, pause_asked=True).state == "paused"


def test_a_failed_job_keeps_the_workers_own_words():
    assert fold((started(1), FAILED), run=1, alive=False).failure == FAILED


def test_a_resumed_job_forgets_the_failure_before():
    assert fold((started(1), FAILED, started(2), FINISHED), run=2, alive=False).failure is None


def test_a_process_gone_without_a_word_has_failed_and_says_how_to_go_on():
    failure = fold((started(1),), run=1, alive=False).failure
    assert "ended without a word" in failure.message and "resume" in failure.hint


def test_the_signal_that_killed_a_worker_is_named():
    assert "SIGSEGV" in died(-signal.SIGSEGV).message
    assert "memory ran out" in died(-signal.SIGKILL).hint
    assert "exit code 7" in died(7).message
    assert "signal 250" in died(-250).message
