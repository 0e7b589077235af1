"""Starts the server: on stdio as editors do it, or on a port."""

from __future__ import annotations

import gc
import logging
import sys
from pathlib import Path

from lsp_server.lint.registry import registry
from lsp_server.server.server import make_server

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def set_up_log(file: Path | None, level: str) -> None:
    """Log to a file, else to stderr, where editors show it; stdout belongs to the protocol."""
    handler: logging.Handler = (
        logging.StreamHandler(sys.stderr)
        if file is None
        else logging.FileHandler(file, "a", "utf-8")
    )
    logging.basicConfig(level=level.upper(), format=LOG_FORMAT, handlers=[handler])
    # pygls logs whole messages, texts of files among them.
    logging.getLogger("pygls").setLevel(max(logging.WARNING, logging.getLogger().level))


def _prepare() -> None:
    """Load the rules and take all that is loaded out of the garbage collector's rounds."""
    registry()
    gc.collect()
    gc.freeze()


def serve_stdio() -> None:
    """Serve one client over stdin and stdout until it goes away."""
    server = make_server()
    _prepare()
    server.start_io()


def serve_tcp(host: str, port: int) -> None:
    """Serve one client on a port."""
    server = make_server()
    _prepare()
    server.start_tcp(host, port)
