"""Pages that are kept."""

from rewheel.server.reading.packing import Packed
from rewheel.server.reading.page_cache import PageCache


def page(size: int) -> Packed:
    return Packed(b"x" * size)


def test_a_page_counts_at_its_serial_alone() -> None:
    cache = PageCache(10_000)
    kept = page(100)
    cache.put("foo", 7, kept, mark=1)
    assert cache.get("foo", 7) is kept
    assert cache.get("foo", 8) is None
    assert cache.current("foo", 1) is kept
    assert cache.current("foo", 2) is None
    assert cache.current("foo", None) is None


def test_without_marks_nothing_is_taken_for_current() -> None:
    cache = PageCache(10_000)
    cache.put("foo", 7, page(100), mark=None)
    assert cache.current("foo", None) is None


def test_what_was_unused_for_longest_makes_room() -> None:
    cache = PageCache(1_000)
    cache.put("one", 1, page(200), mark=None)
    cache.put("two", 1, page(200), mark=None)
    assert cache.get("one", 1)
    cache.put("three", 1, page(200), mark=None)
    assert cache.get("two", 1) is None
    assert cache.get("one", 1)
    assert cache.get("three", 1)


def test_a_page_larger_than_the_room_is_not_kept() -> None:
    cache = PageCache(1_000)
    cache.put("large", 1, page(5_000), mark=None)
    assert cache.get("large", 1) is None
