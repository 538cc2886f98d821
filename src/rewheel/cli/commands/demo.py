"""`rewheel demo`: the whole story on real packages."""

import click

from rewheel.cli.options import cache_options, index_options, network_options, output_options, pass_session
from rewheel.cli.session import Session

__all__ = ["command"]


@click.command("demo")
@index_options
@network_options
@cache_options
@output_options
@pass_session
def command(session: Session) -> int:
    """Show it all on real packages, served from this computer."""
    from rewheel.demo import IndexMarket, run

    return run(
        lambda: IndexMarket(session.sources, session.client),
        cache_dir=session.cache_dir,
        environ=session.environ,
        say=session.output.announce,
    )
