"""The demo: variants of real packages, served from this computer, installed and explained."""

from rewheel.demo.errors import DemoError
from rewheel.demo.index import serve_index
from rewheel.demo.market import IndexMarket, Market
from rewheel.demo.running import run

__all__ = ["DemoError", "IndexMarket", "Market", "run", "serve_index"]
