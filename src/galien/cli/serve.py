"""``galien serve``."""

from __future__ import annotations

import socket
import sys
import webbrowser

import click

from galien.cli.console import Console
from galien.model.errors import UsageError

LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Loopback only, until accounts exist.")
@click.option("--port", type=click.IntRange(0, 65535), default=8420, show_default=True, help="0 picks a free one.")
@click.option(
    "--language",
    type=click.Choice(["fr", "en"]),
    default="fr",
    show_default=True,
    help="Language of the pages at first visit.",
)
@click.option("--open", "open_browser", is_flag=True, help="Open a browser on it.")
@click.pass_obj
def serve(console: Console, host: str, port: int, language: str, open_browser: bool) -> None:
    """Serve the pages and the REST interface of the workspace.

    Until accounts and roles exist, the server answers this machine only (loopback) and refuses
    any other address. Stop it with Ctrl-C.
    """
    if host not in LOOPBACK:
        raise UsageError(
            "the server listens on loopback only until accounts exist",
            hint="Use 127.0.0.1; reach it from elsewhere through an SSH tunnel that you control.",
        )
    import uvicorn

    from galien.web import create_app

    # A search gives the interpreter up dozens of times (SQLite, index, files); while an ingest computes, each
    # return would wait a whole interval, 5 ms by default.
    sys.setswitchinterval(0.001)

    family = socket.AF_INET6 if host == "::1" else socket.AF_INET
    with console.open(create=True) as workspace, socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            raise UsageError(f"port {port} is taken ({error.strerror})", hint="Choose another with --port.") from None
        bound = listener.getsockname()[1]
        url = f"http://{'[::1]' if host == '::1' else '127.0.0.1'}:{bound}"
        workspace.announce(url)
        console.out.print(console.say("serving", url=f"[bold]{url}[/]"))
        if open_browser:
            webbrowser.open(url)
        # No access log: a query may hold a name, and the disclosure ledger already says who saw what.
        config = uvicorn.Config(create_app(workspace, language=language), access_log=False, log_level="warning")
        uvicorn.Server(config).run(sockets=[listener])
