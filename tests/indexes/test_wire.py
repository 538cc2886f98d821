"""HTTP/1.1 on a real pair of sockets: what is sent, what is understood, and what is refused."""

import http.client
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from hypothesis import given, strategies as st

from rewheel.indexes.wire import Answer, ProtocolError, Wire

PATIENCE = 10.0


@contextmanager
def wires(*pieces: bytes) -> Iterator[tuple[Wire, socket.socket]]:
    """A wire to somebody who says all this, without being asked, and hangs up."""
    ours, theirs = socket.socketpair()

    def speak() -> None:
        try:
            for piece in pieces:
                theirs.sendall(piece)
            theirs.shutdown(socket.SHUT_WR)
        except OSError:  # nobody listens to the end of nonsense
            pass

    with ours, theirs:
        ours.settimeout(PATIENCE)
        speaker = threading.Thread(target=speak)
        speaker.start()
        try:
            yield Wire(ours), theirs
        finally:
            ours.close()
            speaker.join()


def body_of(answer: Answer, amount: int = 10_000) -> bytes:
    return b"".join(iter(lambda: answer.read(amount), b""))


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    ends = sorted({place % (len(data) + 1) for place in places} | {len(data)})
    return [data[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]


def test_a_request_is_written_as_others_write_it() -> None:
    with wires() as (wire, theirs):
        wire.ask("PUT", "/a?b=%20", {"Host": "x", "Content-Length": "5"}, [b"he", b"llo"])
        wire.sock.shutdown(socket.SHUT_WR)
        sent = b"".join(iter(lambda: theirs.recv(1000), b""))
    assert sent == b"PUT /a?b=%20 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"


@pytest.mark.parametrize(
    ("target", "value"),
    [("/ HTTP/1.1\r\nX: y", "v"), ("/a b", "v"), ("", "v"), ("/", "v\r\nX: y"), ("/", "v\0")],
)
def test_nothing_is_smuggled_into_a_request(target: str, value: str) -> None:
    with wires() as (wire, theirs):
        with pytest.raises(ValueError, match=r"target|cannot be sent"):
            wire.ask("GET", target, {"X-Header": value})
        wire.sock.shutdown(socket.SHUT_WR)
        assert theirs.recv(1000) == b""


@given(
    st.binary(max_size=300),
    st.sampled_from(["length", "pieces", "close"]),
    st.lists(st.integers(0, 2000), max_size=6),
    st.integers(1, 80),
)
def test_answers_mean_what_they_mean_to_the_standard_library(
    body: bytes, kind: str, places: list[int], amount: int
) -> None:
    head = b"HTTP/1.1 200 All right\r\nX-Twice: a\r\nx-twice:b\r\nFolded: one\r\n  two\r\n"
    if kind == "length":
        data = head + b"Content-Length: %d\r\n\r\n" % len(body) + body
    elif kind == "pieces":
        pieces = b"".join(b"%x;note=1\r\n%b\r\n" % (len(part), part) for part in cut(body, places) if part)
        data = head + b"Transfer-Encoding: chunked\r\n\r\n" + pieces + b"0\r\nTrailer: x\r\n\r\n"
    else:
        data = head + b"\r\n" + body
    with wires(*cut(data, places)) as (wire, _):
        answer = wire.answer(patience=PATIENCE)
        found = body_of(answer, amount)
        assert answer.is_complete
        assert answer.leaves_room == (kind != "close")
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        theirs.shutdown(socket.SHUT_WR)
        expected = http.client.HTTPResponse(ours)
        expected.begin()
        assert found == expected.read() == body
        assert (answer.status, answer.reason) == (expected.status, expected.reason)
        assert answer.headers["x-twice"] == ", ".join(expected.headers.get_all("x-twice", []))
        assert answer.headers["folded"].split() == expected.headers["folded"].split()


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=3))
def test_any_bytes_are_an_answer_or_refused(noise: bytes, places: list[int]) -> None:
    for data in (
        noise,
        b"HTTP/1.1 200 OK\r\n" + noise,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + noise,
    ):
        with wires(*cut(data, places)) as (wire, _):
            try:
                assert len(body_of(wire.answer(patience=PATIENCE))) <= len(data)
            except (ProtocolError, OSError):
                continue


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 20 OK\r\n\r\n",
        b"\r\nHTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nNo colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nName : x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n folded\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nContent-Length: \xb2\r\n\r\nhello",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"0" * 100_000,
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1000,
    ],
)
def test_what_could_be_understood_in_two_ways_is_refused(answer: bytes) -> None:
    with wires(answer) as (wire, _), pytest.raises(ProtocolError):
        body_of(wire.answer(patience=PATIENCE))


@pytest.mark.parametrize(
    "answer",
    [b"", b"HTTP/1.1 200 OK\r\nContent-", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhe"],
)
def test_an_answer_that_breaks_off_is_no_answer(answer: bytes) -> None:
    with wires(answer) as (wire, _), pytest.raises(ConnectionResetError):
        body_of(wire.answer(patience=PATIENCE))


def test_a_body_that_is_too_short_is_not_complete() -> None:
    with wires(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello") as (wire, _):
        answer = wire.answer(patience=PATIENCE)
        assert body_of(answer) == b"hello"
        assert not answer.is_complete
        assert not answer.leaves_room


def test_answers_before_the_answer_are_passed_over() -> None:
    with wires(
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 204\n\n"
    ) as (wire, _):
        answer = wire.answer(patience=PATIENCE)
        assert (answer.status, answer.length, answer.leaves_room) == (204, 0, True)


@pytest.mark.parametrize(
    "headers",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 Not asked for\r\n\r\n",
    ],
)
def test_a_connection_that_cannot_be_trusted_is_not_used_again(headers: bytes) -> None:
    with wires(headers) as (wire, _):
        answer = wire.answer(patience=PATIENCE)
        assert body_of(answer) == b""
        assert answer.is_complete
        assert not answer.leaves_room
