"""The pages in a real browser: what people see, with and without JavaScript, by eye, keyboard and reader."""

import re
from pathlib import Path

import pytest

from support.browser import Tab, running_browser

# What pages say is compared over HTTP; a browser needs to look at one server alone.
pytestmark = pytest.mark.parametrize("any_server", ["folder"], indirect=True, scope="module")
MACHINE = """
[metadata]
version = "0.1"
name = "my laptop"
[platform]
system = "Linux"
machine = "x86_64"
libc = "glibc"
libc-version = "2.39"
[[provider]]
resolved = ["nvidia-variant-provider==0.0.2"]
namespace = "nvidia"
[provider.properties]
cuda_version_lower_bound = ["12.4", "11.8"]
"""


@pytest.fixture(scope="module")
def browser():
    with running_browser() as running:
        yield running


PATHS = ("/", "/search/?q=foo", "/project/foo/", "/project/foo/releases/", "/project/nope/")

AUDIT = (Path(__file__).parent / "audit.js").read_text("utf-8")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_on_screens_of_any_size(browser, index, scheme):
    with Tab(browser, index, color_scheme=scheme) as tab:
        for path in PATHS:
            page = tab.open(path)
            for element in page.query_selector_all("details"):
                element.evaluate("e => { e.open = true; }")
            for width in (1280, 375, 360):
                page.set_viewport_size({"width": width, "height": 800})
                assert page.evaluate(AUDIT) == [], f"{path} {scheme} {width}"


def test_the_policy_stops_nothing_of_ours_and_nothing_else_is_loaded(browser, index):
    with Tab(browser, index) as tab:
        for path in PATHS[:4]:
            tab.open(path)
        assert tab.problems == []
        ground = tab.page.evaluate("getComputedStyle(document.querySelector('header.bar')).backgroundColor")
        assert ground == "rgb(255, 255, 255)"


def test_a_hostile_description_runs_nothing(browser, index):
    with Tab(browser, index) as tab:
        asked = []
        tab.page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
        page = tab.open("/project/foo/")
        page.wait_for_timeout(100)
        assert asked == []
        assert page.locator(".readme script").count() == 0


def test_everything_works_without_javascript(browser, index):
    with Tab(browser, index, java_script_enabled=False) as tab:
        page = tab.open("/")
        page.fill("input[name=q]", "tensors")
        page.press("input[name=q]", "Enter")
        page.click("a.card")
        assert page.locator("h1").inner_text().startswith("foo")
        assert page.locator("#install").inner_text() == f"rewheel install foo -i {index.url}simple/"
        assert page.locator("button.copy:visible").count() == 0
        row = page.locator("table.answers tbody > tr", has_text="CUDA 11.8").first
        reason = row.locator("td", has_text="is not supported; this machine: 11.8")
        assert not reason.locator("table").is_visible()
        row.locator("summary").click()
        assert reason.locator("table").is_visible()
        page.select_option("select#python", "3.11")
        page.click("form.python button")
        assert "python=3.11" in page.url
        page.set_input_files(
            "input[type=file]", {"name": "laptop.toml", "mimeType": "text/plain", "buffer": MACHINE.encode()}
        )
        page.click("form.machine button")
        assert "What would my laptop get of foo 2.0?" in page.locator("h1").inner_text()
        assert page.locator("table.answers td").first.inner_text() == "cu118"


def test_a_machine_file_can_be_dropped_onto_the_page(browser, index):
    with Tab(browser, index) as tab:
        page = tab.open("/project/foo/")
        assert "drop it onto this page" in page.locator("form.machine").inner_text()
        with page.expect_navigation():
            page.evaluate(
                """(content) => {
                  const data = new DataTransfer();
                  data.items.add(new File([content], "dropped.toml"));
                  for (const kind of ["dragover", "drop"])
                    document.body.dispatchEvent(
                      new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: data })
                    );
                }""",
                MACHINE,
            )
        assert "What would my laptop get of foo 2.0?" in page.locator("h1").inner_text()
        assert tab.problems == []


def test_the_keyboard_reaches_everything_and_shows_where_it_is(browser, index):
    with Tab(browser, index) as tab:
        page = tab.open("/project/foo/")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        assert page.locator("a.skip").bounding_box()["y"] >= 0
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        focused = page.evaluate("document.activeElement.closest('main') !== null")
        assert focused
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert int(re.match(r"[0-9]+", outline)[0]) >= 2
        page.locator("table.answers summary").first.focus()
        page.keyboard.press("Enter")
        assert page.locator("table.answers details").first.get_attribute("open") is not None


def test_the_command_is_seen_whole_on_a_telephone(browser, index):
    with Tab(browser, index, viewport={"width": 375, "height": 800}) as tab:
        page = tab.open("/project/foo/")
        for name in ("install", "pip"):
            shown = page.locator(f"#{name}")
            assert shown.evaluate("e => e.scrollWidth <= e.clientWidth"), name
        assert page.evaluate("document.documentElement.scrollWidth") == 375
        for region in page.query_selector_all(".wide"):
            assert region.evaluate(
                "e => e.tabIndex === 0 && (e.ariaLabel || e.getAttribute('aria-labelledby')) !== null"
            )
