"""Threads begin when the network is needed, and not before."""

import threading

from rewheel.indexes.workers import Workers


def test_before_anybody_needs_the_network_nothing_runs_elsewhere() -> None:
    """What is in the cache is read by who asks for it, in order."""
    workers = Workers(4)
    begun = threading.Event()
    workers.submit(lambda _: begun.set(), None)
    threads = workers.map_calmly(lambda _: threading.current_thread(), range(5))
    assert set(threads) == {threading.current_thread()}
    assert not begun.is_set()
    workers.close()
    assert not begun.is_set()


def test_waking_begins_what_was_noted() -> None:
    """Whatever was submitted before is begun then, and what is submitted later at once."""
    workers = Workers(2)
    first, second = threading.Event(), threading.Event()
    workers.submit(lambda _: first.set(), None)
    workers.wake()
    workers.submit(lambda _: second.set(), None)
    assert first.wait(10)
    assert second.wait(10)
    workers.close()


def test_who_wakes_in_the_middle_goes_on_side_by_side() -> None:
    """The first that needs the network wakes the others; results keep their order."""
    workers = Workers(4)
    together = threading.Barrier(3)

    def work(number: int) -> int:
        if number == 1:
            workers.wake()
        if number > 1:
            together.wait(10)  # nobody gets past alone
        return number * 10

    assert workers.map_calmly(work, range(5)) == [0, 10, 20, 30, 40]
    workers.close()


def test_a_failure_comes_up_in_order() -> None:
    """The first failure in the items' order is raised, calmly as well."""
    workers = Workers(2)

    def work(number: int) -> int:
        if number > 1:
            raise ValueError(str(number))
        return number

    for awake in (False, True):
        if awake:
            workers.wake()
        try:
            workers.map_calmly(work, range(4))
        except ValueError as error:
            assert str(error) == "2"
        else:
            raise AssertionError("nothing was raised")
    workers.close()
