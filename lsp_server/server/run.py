"""Starts the server: on stdio as editors do it, or on a port."""

from __future__ import annotations

import asyncio
import logging
import os
import stat
import sys
import threading
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO, NoReturn

from pygls.io_ import StdoutWriter, run_async

from lsp_server.server.code_actions import ContentModified
from lsp_server.server.server import RetortServer, make_server

log = logging.getLogger(__name__)

LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def set_up_log(file: Path | None, level: str) -> None:
    """Log to a file, else to stderr, where editors show it; stdout belongs to the protocol.

    Raises OSError where the file cannot be written.
    """
    handler: logging.Handler = (
        logging.StreamHandler(sys.stderr)
        if file is None
        else logging.FileHandler(file, "a", "utf-8")
    )
    handler.addFilter(_is_worth_a_line)
    logging.basicConfig(level=level.upper(), format=LOG_FORMAT, handlers=[handler])
    # pygls logs whole messages, texts of files among them.
    logging.getLogger("pygls").setLevel(max(logging.WARNING, logging.getLogger().level))


def _is_worth_a_line(record: logging.LogRecord) -> bool:
    """A refused action is an answer, not an error; pygls logs it with a traceback. And a client may
    cancel what it has just been answered."""
    if str(record.msg).startswith("Cancel notification for unknown message"):
        return False
    return record.exc_info is None or not isinstance(record.exc_info[1], ContentModified)


def serve_stdio() -> NoReturn:
    """Serve one client over stdin and stdout until it goes away, and end the process; with status 1
    where no `shutdown` came before the end (LSP 3.17)."""
    stdin, stdout = _own_streams()
    server = make_server()
    if _can_be_awaited(stdin, stdout):
        server.protocol.set_writer(StdoutWriter(stdout))
        _serve_in_the_loop(server, partial(_awaited, stdin))
    else:
        server.start_io(stdin, stdout)
    _end(0 if server.was_shut_down else 1)


def _can_be_awaited(stdin: BinaryIO, stdout: BinaryIO) -> bool:
    """Whether the event loop can wait for stdin itself: a pipe or a socket, on POSIX, that is not
    stdout as well, since reading sets the whole of it to not block."""
    ours, theirs = os.fstat(stdin.fileno()), os.fstat(stdout.fileno())
    kind = stat.S_ISFIFO(ours.st_mode) or stat.S_ISSOCK(ours.st_mode)
    return os.name == "posix" and kind and not os.path.samestat(ours, theirs)


async def _awaited(stream: BinaryIO) -> asyncio.StreamReader:
    """A stream that the event loop reads itself."""
    reader = asyncio.StreamReader(limit=1 << 20)
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), stream
    )
    return reader


def _serve_in_the_loop(
    server: RetortServer, connect: Callable[[], Awaitable[asyncio.StreamReader]]
) -> None:
    """What `start_io` of pygls 2.1 does, but for its thread that reads: three turns of it for each
    message took longer than the check of a keystroke, and waited for the interpreter's lock.

    `connect` waits for the client and gives the protocol its writer. Raises OSError where it
    cannot."""

    async def serve() -> None:
        reader = await connect()
        try:
            await run_async(
                stop_event=stop,
                reader=reader,
                protocol=server.protocol,
                error_handler=server.report_server_error,
            )
        except (ConnectionError, asyncio.IncompleteReadError):
            log.error("The client is gone.")

    stop = server._stop_event = threading.Event()
    try:
        asyncio.run(serve())
    except (KeyboardInterrupt, SystemExit):
        pass
    finally:
        server.shutdown()  # type: ignore[no-untyped-call]  # pygls declares no result


def _end(status: int) -> NoReturn:
    """End at once: Python would wait for what worker processes are about, and they end with us."""
    logging.shutdown()
    sys.stderr.flush()
    os._exit(status)


def _own_streams() -> tuple[BinaryIO, BinaryIO]:
    """The protocol's streams, out of reach of what is printed here and in worker processes."""
    streams = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return streams


def serve_tcp(host: str, port: int) -> NoReturn:
    """Serve one client on a port, and end the process. The port is closed once somebody has come,
    so that the system refuses whoever comes later. Raises OSError where it cannot be had."""
    server = make_server()

    async def first_client() -> asyncio.StreamReader:
        first: asyncio.Future[asyncio.StreamReader] = asyncio.get_running_loop().create_future()

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if first.done():
                writer.close()
                return
            listening.close()
            server.protocol.set_writer(writer)
            first.set_result(reader)

        listening = await asyncio.start_server(connected, host, port)
        return await first

    _serve_in_the_loop(server, first_client)
    _end(0)
