"""A real browser for tests: Debian's Chromium, or Playwright's own, driven through Playwright."""

import contextlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

__all__ = ["FLAGS", "running_browser"]

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
