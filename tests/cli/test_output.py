"""Printing: streams, verbosity, colours, and text of strangers."""

import io
import json
import threading

import pytest
from hypothesis import given, strategies as st

from rewheel.cli.output import Output, plain
from rewheel.cli.reporter import TerminalReporter, size_text
from rewheel.cli.tables import table_lines


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def streams(terminal: bool = False, **environ: str) -> tuple[Output, io.StringIO, io.StringIO]:
    make = Terminal if terminal else io.StringIO
    out, err = make(), make()
    return Output(out, err, environ), out, err


def test_results_and_the_rest_go_different_ways() -> None:
    output, out, err = streams()
    output.result("a")
    output.say("b")
    output.warning("c")
    output.error("d", "e")
    output.detail("never")
    assert out.getvalue() == "a\nb\n"
    assert err.getvalue() == "warning: c\nerror: d\nhint: e\n"


@pytest.mark.parametrize(
    ("verbosity", "expected"),
    [(-2, "e"), (-1, "we"), (0, "swe"), (1, "swe1"), (2, "swe12")],
)
def test_verbosity(verbosity: int, expected: str) -> None:
    output, out, err = streams()
    output.verbosity = verbosity
    output.say("s")
    output.warning("w")
    output.error("e")
    output.detail("1")
    output.detail("2", 2)
    shown = (out.getvalue() + err.getvalue()).replace("warning: ", "").replace("error: ", "")
    assert shown.replace("\n", "") == expected


def test_narration_makes_way_for_a_machine_readable_output() -> None:
    output, out, err = streams()
    output.narrate_to_stderr = True
    output.say("story")
    output.json({"a": "\u2028é"})
    assert err.getvalue() == "story\n"
    assert json.loads(out.getvalue()) == {"a": "\u2028é"}


def test_colours_only_on_a_terminal_that_wants_them() -> None:
    assert "\x1b[" in _warned(terminal=True)
    assert _warned(terminal=True, NO_COLOR="1") == "warning: x\n"
    assert _warned(terminal=True, TERM="dumb") == "warning: x\n"
    assert _warned(terminal=False) == "warning: x\n"
    assert streams(terminal=True, NO_COLOR="1")[0].shows_status
    assert not streams(terminal=True, TERM="dumb")[0].shows_status
    assert not streams()[0].shows_status


def _warned(*, terminal: bool, **environ: str) -> str:
    output, _, err = streams(terminal, **environ)
    output.warning("x")
    return err.getvalue()


@pytest.mark.parametrize(
    "hostile", ["\x1b[2J", "\r", "\b", "\x9b31m", "\u202e", "\u2066", "\x07", "\x7f", "\n", "\u2028"]
)
def test_strangers_do_not_move_the_cursor(hostile: str) -> None:
    output, out, _ = streams()
    output.result(f"name{hostile}error: forged")
    assert hostile not in out.getvalue().removesuffix("\n")
    assert out.getvalue().count("\n") == 1


@given(st.text())
def test_plain_text_is_one_line_and_stays_plain(text: str) -> None:
    assert len(plain(text).splitlines()) <= 1 or "\t" in text
    assert plain(plain(text)) == plain(text)


def test_printable_text_is_not_changed() -> None:
    text = "naïve 東京 🎡\t[x86_64 :: level :: v3]"
    assert plain(text) == text


def test_the_reporter_says_each_warning_once() -> None:
    output, _, err = streams()
    reporter = TerminalReporter(output)
    threads = [threading.Thread(target=reporter.warning, args=("x",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert err.getvalue() == "warning: x\n"


def test_downloads_are_quiet_in_a_pipe_and_told_with_v() -> None:
    output, out, err = streams()
    reporter = TerminalReporter(output)
    _download(reporter)
    assert out.getvalue() + err.getvalue() == ""
    output.verbosity = 1
    _download(reporter)
    assert err.getvalue() == "downloading foo.whl (17.6 MB)\n"


def test_on_a_terminal_a_status_comes_and_goes() -> None:
    output, _, err = streams(terminal=True)
    _download(TerminalReporter(output))
    assert "downloading foo.whl  8.8 MB of 17.6 MB" in err.getvalue()
    assert err.getvalue().endswith("\r\x1b[K")


def test_a_line_replaces_the_status() -> None:
    output, _, err = streams(terminal=True, NO_COLOR="")
    output.status("half way")
    output.warning("x")
    assert err.getvalue().startswith("\r\x1b[Khalf way\r\x1b[K")
    assert err.getvalue().count("half way") == 1


def test_several_downloads_share_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 0.0, 0.2, 1.0, 2.0, 3.0])
    monkeypatch.setattr("rewheel.cli.reporter.time.monotonic", lambda: next(clock))
    output, _, err = streams(terminal=True)
    reporter = TerminalReporter(output)
    reporter.download_started("small.whl", 1_000_000)
    reporter.download_started("large.whl", 3_000_000)
    reporter.download_advanced("small.whl", 1_000_000)
    reporter.download_finished("small.whl")
    reporter.download_advanced("large.whl", 1_000_000)
    reporter.download_started("unknown.whl", None)
    reporter.download_advanced("unknown.whl", 500_000)
    reporter.download_finished("large.whl")
    reporter.download_finished("unknown.whl")
    assert [line.removeprefix("\x1b[K") for line in err.getvalue().split("\r") if line] == [
        "downloading 0 of 2 files  1.0 MB of 4.0 MB  large.whl",
        "downloading 1 of 2 files  2.0 MB of 4.0 MB, 2.0 MB/s  large.whl",
        "downloading 1 of 3 files  2.5 MB of 4.5 MB, 833.3 kB/s  large.whl",
        "",
    ]


def _download(reporter: TerminalReporter) -> None:
    reporter.download_started("foo.whl", 17_600_000)
    reporter.download_advanced("foo.whl", 8_800_000)
    reporter.download_finished("foo.whl")


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1.0 kB"),
        (999_949, "999.9 kB"),
        (999_950, "1.0 MB"),
        (17_600_000, "17.6 MB"),
        (2_500_000_000, "2.5 GB"),
        (10**15, "1000.0 TB"),
    ],
)
def test_sizes(size: int, text: str) -> None:
    assert size_text(size) == text


def test_tables() -> None:
    assert table_lines([("a", "b", ""), ("ccc", "d", "e")], indent=" ") == [" a    b", " ccc  d  e"]
    assert table_lines([]) == []
