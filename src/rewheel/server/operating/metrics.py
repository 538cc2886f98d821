"""Measures for Prometheus, of all worker processes of one server together."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

__all__ = ["METHODS", "SHARED_FOLDER", "Metrics", "route_of", "shared_measures"]

SHARED_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable by which prometheus-client is told where worker processes put their measures together.

It has to be set before that library is imported.
"""
_LATENCIES = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_ROUTES = {
    "simple": "/simple/{project}/",
    "files": "/files/{file}",
    "upstream": "/upstream/{file}",
    "legacy": "/legacy/",
    "upload": "/upload/",
    "stage": "/stage/{stage}/simple/",
    "api": "/api/",
    "project": "/project/{project}/",
    "admin": "/admin/",
    "static": "/static/",
    "health": "/health",
    "ready": "/ready",
    "metrics": "/metrics",
    "": "/",
}


def route_of(path: str) -> str:
    """Name the kind of address that a path is: there are few of them, whatever strangers ask for."""
    first, _, rest = path.lstrip("/").partition("/")
    if first == "simple" and not rest:
        return "/simple/"
    return _ROUTES.get(first, "other")


@contextlib.contextmanager
def shared_measures() -> Iterator[None]:
    """Let all processes that are started meanwhile put their measures together."""
    if os.environ.get(SHARED_FOLDER):  # the operator has chosen a place
        yield
        return
    with tempfile.TemporaryDirectory(prefix="rewheel-measures-", ignore_cleanup_errors=True) as folder:
        os.environ[SHARED_FOLDER] = folder
        try:
            yield
        finally:
            del os.environ[SHARED_FOLDER]


class Metrics:
    """What one worker process measures; `exposition` tells what all of them have."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

        self._registry = registry = CollectorRegistry(auto_describe=False)
        self.requests = Counter(
            "rewheel_requests",
            "Requests that were answered.",
            ["method", "route", "status"],
            registry=registry,
        )
        self.latency = Histogram(
            "rewheel_request_seconds",
            "Seconds until the last byte of an answer.",
            ["route"],
            buckets=_LATENCIES,
            registry=registry,
        )
        self.sent = Counter("rewheel_sent_bytes", "Bytes of answers.", ["route"], registry=registry)
        self.received = Counter("rewheel_received_bytes", "Bytes of requests.", ["route"], registry=registry)
        self.uploads = Counter(
            "rewheel_uploads", "Uploads, by what became of them.", ["outcome"], registry=registry
        )
        self.active = Gauge(
            "rewheel_requests_in_progress",
            "Requests that are being answered.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.page_cache = Counter(
            "rewheel_page_cache",
            "Pages, by whether they were rendered before.",
            ["result"],
            registry=registry,
        )
        self.page_cache_bytes = Gauge(
            "rewheel_page_cache_bytes",
            "Bytes of rendered pages that are kept.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.connections = Gauge(
            "rewheel_database_connections",
            "Connections to the database, by whether they are in use.",
            ["state"],
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.upstream = Counter(
            "rewheel_upstream",
            "Questions to upstream indexes, by answer.",
            ["index", "result"],
            registry=registry,
        )

    def exposition(self) -> tuple[bytes, str]:
        """Return all measures in Prometheus' format, and its media type."""
        from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
        from prometheus_client.multiprocess import MultiProcessCollector

        registry = self._registry
        folder = os.environ.get(SHARED_FOLDER)
        if folder:
            registry = CollectorRegistry()
            _forget_the_dead(Path(folder))
            MultiProcessCollector(registry, folder)  # type: ignore[no-untyped-call]
        return generate_latest(registry), CONTENT_TYPE_LATEST


def _forget_the_dead(folder: Path) -> None:
    """Take out what worker processes that are no more had under way."""
    from prometheus_client.multiprocess import mark_process_dead

    for path in folder.glob("gauge_live*_*.db"):
        pid = path.stem.rpartition("_")[2]
        if pid.isdecimal() and not _is_alive(int(pid)):
            mark_process_dead(int(pid), str(folder))  # type: ignore[no-untyped-call]


def _is_alive(pid: int) -> bool:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False
