"""Work-done progress, where the client has it."""

from __future__ import annotations

import logging
import uuid
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from lsprotocol import types

if TYPE_CHECKING:
    from lsp_server.server.server import RetortServer

log = logging.getLogger(__name__)


class Progress:
    """Progress that the user sees and can cancel; silent where the client has none.

    The work does not wait for the client's consent: some never answer.
    """

    def __init__(self, server: RetortServer, title: str) -> None:
        self._server = server
        self._title = title
        self._token = str(uuid.uuid4())
        self._shown = self._ended = False

    @staticmethod
    def begin(server: RetortServer, title: str) -> Progress:
        """Ask the client for a progress, which begins as soon as it agrees."""
        progress = Progress(server, title)
        if server.session.features.progress:
            answer = server.protocol.send_request(
                types.WINDOW_WORK_DONE_PROGRESS_CREATE,
                types.WorkDoneProgressCreateParams(progress._token),
            )
            answer.add_done_callback(progress._answered)
        return progress

    def _answered(self, answer: Future[Any]) -> None:
        if answer.cancelled() or answer.exception() is not None:
            log.warning("the client gives no progress")
        elif not self._ended:
            self._shown = True
            begin = types.WorkDoneProgressBegin(self._title, cancellable=True, percentage=0)
            self._server.work_done_progress.begin(self._token, begin)

    def report(self, message: str, percentage: int | None) -> None:
        """Say how far the work is."""
        if self._shown:
            value = types.WorkDoneProgressReport(message=message, percentage=percentage)
            self._server.work_done_progress.report(self._token, value)

    def is_cancelled(self) -> bool:
        """Whether the user wants it to stop."""
        future = self._server.work_done_progress.tokens.get(self._token)
        return future is not None and future.cancelled()

    def end(self) -> None:
        """The work is over, or given up."""
        self._ended = True
        if self._shown:
            self._server.work_done_progress.end(self._token, types.WorkDoneProgressEnd())
        self._server.work_done_progress.tokens.pop(self._token, None)
