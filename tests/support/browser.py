"""A real browser for tests: Debian's Chromium, or Playwright's own, driven through Playwright."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from support.server import RunningServer

__all__ = ["FLAGS", "Tab", "running_browser"]

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]


class Tab:
    """A page of the browser that notes what is wrong with it: errors, and requests to others."""

    def __init__(self, browser: Any, server: RunningServer, **context: Any) -> None:
        self.server = server
        self.problems: list[str] = []
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **context})
        self.page = self.context.new_page()
        self.page.set_default_timeout(20_000)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("console", self._hear)
        self.page.on("request", self._see)

    def _hear(self, said: Any) -> None:
        if said.type == "error":
            self.problems.append(said.text)

    def _see(self, asked: Any) -> None:
        if not asked.url.startswith(self.server.url):
            self.problems.append(asked.url)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.context.close()

    def open(self, path: str) -> Any:
        """Go to a page of the server, and give it."""
        self.page.goto(f"{self.server.url.rstrip('/')}{path}", wait_until="load")
        return self.page


@contextlib.contextmanager
def running_browser() -> Iterator["Browser"]:  # type: ignore[name-defined] # noqa: F821
    """Give a headless browser; skips the test, with the reason, where there is none."""
    playwright_api = pytest.importorskip(
        "playwright.sync_api", reason="the package playwright is not installed"
    )
    installed = shutil.which("chromium") or shutil.which("chromium-browser")
    with playwright_api.sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
        if installed is None and not own.exists():
            pytest.skip("there is no Chromium: install Debian's, or run `playwright install chromium`")
        browser = playwright.chromium.launch(
            executable_path=installed if not own.exists() else None, headless=True, args=FLAGS, timeout=60_000
        )
        try:
            yield browser
        finally:
            browser.close()
