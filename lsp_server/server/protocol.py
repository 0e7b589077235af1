"""pygls' protocol without pygls' text documents: Retort keeps its own.

pygls 2.1 splits lines at U+2028, form feeds and NEL, applies edits by those lines, and spends
1.6 ms an edit at 10,000 lines on it. Overriding the three notifications leaves that work out.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Generator, Mapping
from concurrent.futures import Future
from typing import Any

from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInvalidRequest,
    JsonRpcServerNotInitialized,
)
from pygls.protocol import LanguageServerProtocol
from pygls.protocol.json_rpc import RPCMessage, RPCRequest
from pygls.protocol.language_server import lsp_method

Step = Generator[Any, Any, None]


class RetortProtocol(LanguageServerProtocol):
    """The protocol with documents left to the server."""

    _knows_client = False  # whether `initialize` was sent

    def _pass_on(self, method: str, params: object) -> Step:
        handler = self.fm.features.get(method)
        if handler is not None:
            yield handler, (params,), None

    @lsp_method(types.TEXT_DOCUMENT_DID_OPEN)
    def lsp_text_document__did_open(self, params: types.DidOpenTextDocumentParams) -> Step:
        """Hand the notification to the server."""
        yield from self._pass_on(types.TEXT_DOCUMENT_DID_OPEN, params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: types.DidChangeTextDocumentParams) -> Step:
        """Hand the notification to the server."""
        yield from self._pass_on(types.TEXT_DOCUMENT_DID_CHANGE, params)

    @lsp_method(types.TEXT_DOCUMENT_DID_CLOSE)
    def lsp_text_document__did_close(self, params: types.DidCloseTextDocumentParams) -> Step:
        """Hand the notification to the server."""
        yield from self._pass_on(types.TEXT_DOCUMENT_DID_CLOSE, params)

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Answer a request whose parameters are not those of its method, which pygls 2.1 only
        logs; a client would wait for ever."""
        try:
            return super().structure_message(data)
        except JsonRpcException as error:
            if "id" in data and "method" in data:
                self._send_response(data["id"], error=error.to_response_error())
            raise

    def handle_message(self, message: RPCMessage) -> None:
        """Refuse requests that come out of turn, which pygls 2.1 answers anyhow or not at all."""
        if isinstance(message, RPCRequest):
            refusal = self._refusal(message.method)
            if refusal is not None:
                self._send_response(message.id, error=refusal.to_response_error())
                return
        super().handle_message(message)

    def _refusal(self, method: str) -> JsonRpcException | None:
        """Why a request cannot be answered now (LSP 3.17, Lifecycle Messages)."""
        if self._shutdown:
            return JsonRpcInvalidRequest("the server has been shut down")
        if method == types.INITIALIZE:
            known, self._knows_client = self._knows_client, True
            return JsonRpcInvalidRequest("the server is initialized already") if known else None
        return None if self._knows_client else JsonRpcServerNotInitialized()

    @property
    def was_shut_down(self) -> bool:
        """Whether the client has sent `shutdown`."""
        return self._shutdown

    def plain(self, value: object) -> dict[str, Any]:
        """An lsprotocol object as plain dicts."""
        plain: dict[str, Any] = self._converter.unstructure(value)
        return plain

    @lsp_method(types.SHUTDOWN)
    def lsp_shutdown(self, *args: Any) -> Step:
        """Give up all requests that are under way; pygls 2.1 stumbles over the first."""
        handler = self.fm.features.get(types.SHUTDOWN)
        if handler is not None:
            yield handler, args, None
        own = self.msg_id
        for number, future in list(self._request_futures.items()):
            if number != own and not future.done():
                future.cancel()
        self._shutdown = True

    def request_plain(self, method: str, params: Mapping[str, Any]) -> asyncio.Future[Any]:
        """Send a request made of plain dicts; the answer is an lsprotocol object."""
        number = str(uuid.uuid4())
        future: Future[Any] = Future()
        self._request_futures[number] = future
        self._result_types[number] = self.get_result_type(method)
        message = {"jsonrpc": self.VERSION, "id": number, "method": method, "params": params}
        self._send_data(message)
        return asyncio.wrap_future(future)

    def notify_plain(self, method: str, params: Mapping[str, Any]) -> None:
        """Send a notification made of plain dicts, which is five times as fast as attrs objects."""
        self._send_data({"jsonrpc": self.VERSION, "method": method, "params": params})
