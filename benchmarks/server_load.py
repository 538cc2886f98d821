"""Load for servers: as many requests as they answer, or so many a second, whatever they answer.

`wrk` sends the former where it is installed, because it costs the server's machine least; else a plain
program of ours does. The latter is ours alone: each request has its time, and waits count that a slow answer
before it caused.
"""

import asyncio
import gc
import random
import re
import shutil
import subprocess
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

__all__ = ["Rate", "as_many_as_possible", "at_a_rate", "tool"]

_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}
_SIZES = {"B": 1, "KB": 1 << 10, "MB": 1 << 20, "GB": 1 << 30}


class Rate(NamedTuple):
    """What a server did in a while."""

    per_second: float
    """Requests."""
    median: float
    """Seconds."""
    p99: float
    bytes_per_second: float
    failures: int
    """Answers of another status than 200, and connections that broke."""


def tool() -> str:
    """Name what sends as many requests as possible."""
    return "wrk" if shutil.which("wrk") else "our own load generator"


def as_many_as_possible(
    url: str, headers: Mapping[str, str], *, connections: int = 16, seconds: float = 6
) -> Rate:
    """Ask for one URL over so many connections, each asking again when it has its answer."""
    if not shutil.which("wrk"):
        return asyncio.run(_closed_loop(url, headers, connections, seconds))
    flags = [word for name, value in headers.items() for word in ("-H", f"{name}: {value}")]
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--timeout", "60s", "--latency"]
    text = subprocess.run([*command, *flags, url], check=True, capture_output=True, text=True).stdout
    return _read_wrk(text)


def at_a_rate(
    urls: Sequence[str], headers: Mapping[str, str], *, rate: float, seconds: float, connections: int = 64
) -> Rate:
    """Ask for a URL out of `urls` `rate` times a second, whether or not the answers keep up."""
    return asyncio.run(_open_loop(urls, headers, rate, seconds, connections))


def _read_wrk(text: str) -> Rate:
    def found(pattern: str) -> re.Match[str]:
        match = re.search(pattern, text)
        if match is None:
            raise SystemExit(f"wrk said something strange:\n{text}")
        return match

    median, p99 = (
        float(match[1]) * _UNITS[match[2]]
        for match in (found(rf"{percent}%\s+([\d.]+)(us|ms|s|m)\b") for percent in (50, 99))
    )
    size = found(r"Transfer/sec:\s+([\d.]+)(B|KB|MB|GB)")
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    broken = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    failures = (int(bad[1]) if bad else 0) + (sum(map(int, broken.groups())) if broken else 0)
    rate = float(found(r"Requests/sec:\s+([\d.]+)")[1])
    return Rate(rate, median, p99, float(size[1]) * _SIZES[size[2]], failures)


class _Client(asyncio.Protocol):
    """One keep-alive connection, one request at a time."""

    def __init__(self, requests: Sequence[bytes]) -> None:
        self._requests = requests
        self._buffer = bytearray()
        self._answer: asyncio.Future[int] | None = None
        self._body_at = -1
        self._length = 0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionError("hung up"))

    async def ask(self) -> tuple[int, int]:
        """Send a request and read its answer whole; gives status and bytes."""
        assert self.transport is not None
        self._answer = asyncio.get_running_loop().create_future()
        self._buffer.clear()
        self._body_at = -1
        self.transport.write(random.choice(self._requests) if len(self._requests) > 1 else self._requests[0])
        return await self._answer, len(self._buffer)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._body_at < 0:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            self._body_at = end + 4
            head = bytes(self._buffer[:end]).lower()
            length = re.search(rb"\r\ncontent-length: *(\d+)", head)
            self._length = int(length[1]) if length else -1
        if self._length >= 0:
            is_complete = len(self._buffer) - self._body_at >= self._length
        else:  # chunked: enough for counting
            is_complete = self._buffer.endswith(b"0\r\n\r\n")
        if is_complete and self._answer is not None and not self._answer.done():
            self._answer.set_result(int(self._buffer[9:12]))


def _requests(urls: Sequence[str], headers: Mapping[str, str]) -> tuple[str, int, list[bytes]]:
    parts = urlsplit(urls[0])
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    made = [
        f"GET {urlsplit(url).path} HTTP/1.1\r\nHost: {parts.netloc}\r\n{lines}\r\n".encode() for url in urls
    ]
    return parts.hostname or "", parts.port or 80, made


async def _open_loop(
    urls: Sequence[str], headers: Mapping[str, str], rate: float, seconds: float, connections: int
) -> Rate:
    host, port, requests = _requests(urls, headers)
    loop = asyncio.get_running_loop()
    idle: asyncio.LifoQueue[_Client] = asyncio.LifoQueue()
    for _ in range(connections):
        idle.put_nowait((await loop.create_connection(lambda: _Client(requests), host, port))[1])
    waits: list[float] = []
    failures = received = 0

    async def ask(due: float) -> None:
        nonlocal failures, received
        client = await idle.get()
        try:
            if client.transport is None:
                client = (await loop.create_connection(lambda: _Client(requests), host, port))[1]
            status, size = await asyncio.wait_for(client.ask(), 60)
        except (OSError, TimeoutError):
            failures += 1
        else:
            failures += status != 200
            received += size
        waits.append(time.perf_counter() - due)
        idle.put_nowait(client)

    gc.collect()
    gc.disable()
    begin = time.perf_counter()
    asked = []
    for number in range(int(rate * seconds)):
        due = begin + number / rate
        pause = due - time.perf_counter()
        if pause > 0:
            await asyncio.sleep(pause)
        asked.append(loop.create_task(ask(due)))
    await asyncio.gather(*asked)
    took = time.perf_counter() - begin
    gc.enable()
    waits.sort()
    return Rate(
        len(waits) / took, waits[len(waits) // 2], waits[int(len(waits) * 0.99)], received / took, failures
    )


async def _closed_loop(url: str, headers: Mapping[str, str], connections: int, seconds: float) -> Rate:
    host, port, requests = _requests([url], headers)
    loop = asyncio.get_running_loop()
    end = time.perf_counter() + seconds
    waits: list[float] = []
    failures = received = 0

    async def ask() -> None:
        nonlocal failures, received
        client = (await loop.create_connection(lambda: _Client(requests), host, port))[1]
        while (begin := time.perf_counter()) < end:
            if client.transport is None:
                client = (await loop.create_connection(lambda: _Client(requests), host, port))[1]
            try:
                status, size = await client.ask()
            except OSError:
                failures += 1
                continue
            waits.append(time.perf_counter() - begin)
            failures += status != 200
            received += size

    begin = time.perf_counter()
    await asyncio.gather(*(ask() for _ in range(connections)))
    took = time.perf_counter() - begin
    waits.sort()
    return Rate(
        len(waits) / took, waits[len(waits) // 2], waits[int(len(waits) * 0.99)], received / took, failures
    )
