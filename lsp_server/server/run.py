"""Starts the server: on stdio as editors do it, or on a port."""

from __future__ import annotations

import asyncio
import logging
import os
import stat
import sys
import threading
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
        _serve_in_the_loop(server, stdin, stdout)
    else:
        server.start_io(stdin, stdout)
    _end(0 if server.was_shut_down else 1)


def _can_be_awaited(stdin: BinaryIO, stdout: BinaryIO) -> bool:
    """Whether the event loop can wait for stdin itself: a pipe or a socket, on POSIX, that is not
    stdout as well, since reading sets the whole of it to not block."""
    ours, theirs = os.fstat(stdin.fileno()), os.fstat(stdout.fileno())
    kind = stat.S_ISFIFO(ours.st_mode) or stat.S_ISSOCK(ours.st_mode)
    return os.name == "posix" and kind and not os.path.samestat(ours, theirs)


def _serve_in_the_loop(server: RetortServer, stdin: BinaryIO, stdout: BinaryIO) -> None:
    """What `start_io` of pygls 2.1 does, but for its thread that reads: three turns of it for each
    message took longer than the check of a keystroke, and waited for the interpreter's lock."""

    async def serve() -> None:
        reader = asyncio.StreamReader(limit=1 << 20)
        loop = asyncio.get_running_loop()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), stdin)
        await run_async(
            stop_event=stop,
            reader=reader,
            protocol=server.protocol,
            error_handler=server.report_server_error,
        )

    stop = server._stop_event = threading.Event()
    server.protocol.set_writer(StdoutWriter(stdout))
    try:
        asyncio.run(serve())
    except BrokenPipeError:
        log.error("The client is gone.")
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
    """Serve one client on a port, and end the process. Raises OSError where it cannot be had."""
    make_server().start_tcp(host, port)
    _end(0)
