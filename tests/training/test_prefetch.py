"""Batches ahead of time: in order, bounded, and never in the way of stopping."""

import threading
import time
from contextlib import closing

import pytest

from digits_core.training.prefetch import prefetch


@pytest.mark.parametrize("threads", [1, 3])
def test_items_come_in_order_and_each_once(threads):
    def make(position):
        time.sleep(0.001 * (position % 3))
        return position

    assert list(prefetch(make, range(5, 40), threads=threads)) == list(range(5, 40))


def test_nothing_to_make_gives_nothing():
    assert list(prefetch(lambda position: position, range(0))) == []


def test_no_more_than_depth_items_are_made_ahead():
    made = []
    with closing(prefetch(lambda position: made.append(position) or position, range(1000), depth=3)) as items:
        assert next(items) == 0
        time.sleep(0.05)
        assert len(made) <= 4


def test_work_goes_on_while_the_consumer_is_busy():
    second = threading.Event()
    with closing(prefetch(lambda position: second.set() if position == 1 else None, range(3))) as items:
        next(items)
        assert second.wait(60)


def test_a_failure_comes_where_its_item_was_due():
    def make(position):
        if position == 3:
            raise OSError("shard gone")
        return position

    items = prefetch(make, range(10))
    assert [next(items) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(OSError, match="shard gone"):
        next(items)


def test_closing_early_ends_the_threads():
    before = threading.active_count()
    with closing(prefetch(lambda position: position, range(10**9))) as items:
        next(items)
        assert threading.active_count() == before + 1
    assert threading.active_count() == before


def test_closing_a_consumer_that_failed_does_not_hang():
    with pytest.raises(ZeroDivisionError), closing(prefetch(lambda position: position, range(10**9))) as items:
        for _ in items:
            raise ZeroDivisionError
