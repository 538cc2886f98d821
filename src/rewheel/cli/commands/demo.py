"""`rewheel demo`: the whole story on real packages."""

import click

from rewheel.cli.options import cache_options, index_options, network_options, output_options, pass_session
from rewheel.cli.session import Session

__all__ = ["command"]


@click.command("demo")
@click.option("--serve", is_flag=True, help="Serve the packages on an index server, to look at its pages.")
@click.option(
    "--port",
    metavar="PORT",
    type=click.IntRange(0, 65535),
    default=8000,
    help="Where --serve serves; 0 takes a free one. [default: 8000]",
)
@index_options
@network_options
@cache_options
@output_options
@pass_session
def command(session: Session, *, serve: bool, port: int) -> int:
    """Show it all on real packages, served from this computer."""
    from rewheel.demo import IndexMarket, run, serve_index

    def market() -> IndexMarket:
        return IndexMarket(session.sources, session.client)

    say = session.output.announce
    if serve:
        return serve_index(market, cache_dir=session.cache_dir, environ=session.environ, say=say, port=port)
    return run(market, cache_dir=session.cache_dir, environ=session.environ, say=say)
