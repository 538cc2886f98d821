"""`make demo-index`: a real server with the demo's packages, which stand-ins of a few bytes play here."""

import os
import re
import sys
import urllib.request

import pytest

from demo.shelf import Shelf
from rewheel.demo import IndexMarket
from rewheel.demo.index import serve_index
from rewheel.indexes import Client, HttpSettings, Sources

PYTHON = "cp{}{}".format(*sys.version_info)


def test_people_are_led_to_pages_with_variants_and_the_server_ends_with_the_demo(tmp_path):
    shelf = Shelf(tmp_path / "shelf").put(python=f"{PYTHON}-{PYTHON}")
    said, pages = [], {}

    def look():
        for url in re.findall(r"http://\S+/project/\S+/", "\n".join(said)):
            with urllib.request.urlopen(url, timeout=30) as reply:
                pages[url] = reply.read().decode()

    with Client(HttpSettings(retries=0, timeout=10)) as client:
        market = IndexMarket(Sources.build(client, find_links=[str(shelf.folder)], no_index=True), client)
        code = serve_index(
            lambda: market,
            cache_dir=tmp_path / "cache",
            environ=dict(os.environ),
            say=said.append,
            port=0,
            stays=look,
        )
    assert code == 0
    assert len(pages) == 2
    for page in pages.values():
        assert "What would I get?" in page
        assert '<span class="value">' in page  # a property of a label
    with pytest.raises(OSError):
        urllib.request.urlopen(next(iter(pages)), timeout=5)
