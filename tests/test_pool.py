"""Work for other threads is done once, and nobody waits for what nobody does."""

import threading

import pytest

from rewheel.pool import Job, Pool


def test_work_is_done_side_by_side_by_no_more_threads_than_needed() -> None:
    pool = Pool(8, "test")
    together = threading.Barrier(3)
    jobs = [pool.begin(lambda number: (together.wait(10), number)[1], number) for number in range(3)]
    assert [job.result() for job in jobs if job is not None] == [0, 1, 2]
    for number in range(20):  # one after the other, which one thread can do
        job = pool.begin(lambda each: (each, threading.current_thread().name), number)
        assert job is not None
        assert job.result()[0] == number
    assert len(pool._threads) <= 4
    pool.close(wait=True)


def test_there_are_never_more_threads_than_allowed() -> None:
    pool = Pool(2, "test")
    jobs = [pool.begin(lambda _: threading.current_thread().name, number) for number in range(50)]
    assert {job.result() for job in jobs if job is not None} <= {"test-0", "test-1"}
    pool.close(wait=True)


def test_a_failure_is_raised_for_who_asks() -> None:
    pool = Pool(1, "test")
    job = pool.begin(int, "seven")
    assert job is not None
    for _ in range(2):
        with pytest.raises(ValueError, match="seven"):
            job.result()
    pool.close(wait=True)


def test_what_has_not_begun_can_be_dropped_and_what_has_cannot() -> None:
    pool = Pool(1, "test")
    begun, may_end = threading.Event(), threading.Event()

    def work(_: object) -> str:
        begun.set()
        assert may_end.wait(10)
        return "done"

    first, second, third = (pool.begin(work, None) for _ in range(3))
    assert first is not None
    assert second is not None
    assert third is not None
    assert begun.wait(10)
    assert not first.drop()
    assert second.drop()
    assert not second.drop()
    closing = threading.Thread(target=pool.close, kwargs={"wait": True})
    closing.start()
    with pytest.raises(RuntimeError, match="dropped"):
        third.result()
    may_end.set()
    closing.join(10)
    assert first.result() == "done"
    assert pool.begin(work, None) is None


def test_a_job_runs_once() -> None:
    calls: list[int] = []
    job = Job(lambda: calls.append(1))
    job.run()
    job.run()
    assert calls == [1]
