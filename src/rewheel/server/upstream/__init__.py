"""Other indexes behind this one: asked for what is not here, kept, and never told a name of the company."""

from rewheel.server.upstream.listing import Listed, Listing
from rewheel.server.upstream.projects import Answer, Upstreams
from rewheel.server.upstream.rules import Rules

__all__ = ["Answer", "Listed", "Listing", "Rules", "Upstreams"]
