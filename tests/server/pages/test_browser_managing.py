"""Managing an index in a real browser: of one server, and of two that take turns and share the login."""

from pathlib import Path

import pytest

from support.browser import Tab, running_browser

AUDIT = (Path(__file__).parent / "audit.js").read_text("utf-8")


@pytest.fixture(scope="module")
def browser():
    with running_browser() as running:
        yield running


def test_managing_in_a_browser(browser, index):
    with Tab(browser, index) as tab:
        page = tab.open("/admin/")
        assert page.evaluate(AUDIT) == []
        page.fill("#token", index.token)
        page.click("form.stack button")
        assert page.locator("h1").inner_text() == "Projects"
        assert page.evaluate("document.cookie") == ""
        for path in ("/admin/", "/admin/project/bar/", "/admin/tokens/", "/admin/log/"):
            tab.open(path)
            assert page.evaluate(AUDIT) == [], path
        tab.open("/admin/project/bar/")
        page.select_option("#status", "deprecated")
        page.fill("#reason", "use foo")
        page.click("text=Set the status")
        assert page.locator("[role=status]").inner_text() == "The status is changed."
        assert "use foo" in tab.open("/project/bar/").locator(".banner").inner_text()
        for _ in range(2):  # whoever answers
            assert "use foo" in index.get("/project/bar/").text
        tab.open("/admin/")
        page.click("text=Log out")
        for _ in range(2):
            tab.open("/admin/")
            assert page.locator("h1").inner_text() == "Log in"
        assert tab.problems == []
