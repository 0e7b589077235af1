"""The server as a process: how it starts, how it ends, and that nothing of it stays behind."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.server.conftest import PAGE, ROOT, write

pytestmark = pytest.mark.skipif(not Path("/proc").exists(), reason="reads /proc")
COMMAND = [sys.executable, "-m", "lsp_server", "serve"]
# Enough work for worker processes to be busy for a while.
BUSY = "\n".join(f"  def f{n}(x), do: Enum.map(x, &Repo.get!(User, &1.id))" for n in range(1500))


class Raw:
    """The least client: it sends and reads messages, and knows the process."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.number = 0

    def send(self, method: str, params: Any = None, *, request: bool = False) -> None:
        """Send a notification or a request."""
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params}
        if request:
            self.number += 1
            message["id"] = self.number
        body = json.dumps(message).encode()
        assert self.process.stdin is not None
        self.process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        self.process.stdin.flush()

    def receive(self) -> dict[str, Any]:
        """The next message."""
        out = self.process.stdout
        assert out is not None
        header = re.match(rb"Content-Length: (\d+)", out.readline())
        assert header, "the server writes something that is no message"
        while out.readline().strip():
            pass
        message: dict[str, Any] = json.loads(out.read(int(header[1])))
        return message

    def answer(self, method: str, params: Any = None) -> Any:
        """Send a request and wait for its answer."""
        self.send(method, params, request=True)
        while True:
            message = self.receive()
            if message.get("id") == self.number and "method" not in message:
                return message["result"]

    def begin(self, root: Path) -> None:
        """The handshake."""
        params = {"processId": os.getpid(), "rootUri": root.as_uri(), "capabilities": {}}
        self.answer("initialize", params)
        self.send("initialized", {})

    def children(self) -> set[int]:
        """The processes that the server has started."""
        found = set()
        for task in Path(f"/proc/{self.process.pid}/task").glob("*/children"):
            found |= {int(pid) for pid in task.read_text().split()}
        return found

    def wait_for_workers(self) -> set[int]:
        """The server's children, once there are workers among them."""
        for _ in range(500):
            children = self.children()
            if len(children) > 1:
                return children
            time.sleep(0.02)
        raise AssertionError("no worker was started")


@contextmanager
def started(tmp_path: Path, *arguments: str) -> Iterator[Raw]:
    env = {**os.environ, "RETORT_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [*COMMAND, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
        cwd=tmp_path,
    )
    try:
        yield Raw(process)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


@pytest.fixture
def busy(tmp_path: Path) -> Path:
    """A project that takes two processes some seconds to read."""
    root = tmp_path / "busy"
    text = "defmodule A.M{n} do\n{body}\nend\n"
    write(root, {f"lib/m{n}.ex": text.format(n=n, body=BUSY) for n in range(70)})
    return root


def alive(pids: set[int]) -> set[int]:
    """Those of some processes that still run."""
    found = set()
    for pid in pids:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except FileNotFoundError:
            continue
        if state != "Z":
            found.add(pid)
    return found


def ends_within(seconds: float, pids: set[int]) -> None:
    deadline = time.monotonic() + seconds
    while alive(pids):
        assert time.monotonic() < deadline, f"{alive(pids)} still run"
        time.sleep(0.05)


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="no workers on one core")
@pytest.mark.parametrize("way", ["SIGTERM", "SIGKILL", "closed stdin", "shutdown, then SIGKILL"])
def test_workers_end_with_the_server(tmp_path: Path, busy: Path, way: str) -> None:
    with started(tmp_path) as server:
        server.begin(busy)
        workers = server.wait_for_workers()
        if way == "closed stdin":
            assert server.process.stdin is not None
            server.process.stdin.close()
        elif way.startswith("shutdown"):
            server.answer("shutdown")
            server.process.kill()
        else:
            server.process.send_signal(getattr(signal, way))
        server.process.wait(timeout=10)
        ends_within(30, workers)


def test_exit_status(tmp_path: Path) -> None:
    with started(tmp_path) as server:
        server.begin(tmp_path)
        server.answer("shutdown")
        server.send("exit")
        assert server.process.wait(timeout=10) == 0
    with started(tmp_path) as server:
        server.begin(tmp_path)
        server.send("exit")
        assert server.process.wait(timeout=10) == 1


def test_shutdown_while_a_request_is_under_way(tmp_path: Path, busy: Path) -> None:
    with started(tmp_path) as server:
        server.begin(busy)
        server.send("workspace/executeCommand", {"command": "retort.checkWorkspace"}, request=True)
        server.send("workspace/executeCommand", {"command": "retort.fixWorkspace"}, request=True)
        assert server.answer("shutdown") is None
        server.send("exit")
        assert server.process.wait(timeout=10) == 0


def test_what_is_printed_does_not_reach_the_protocol(tmp_path: Path) -> None:
    write(tmp_path, {"lib/page.ex": PAGE})
    code = (
        "import tests.planted as p, sys\n"
        "old = p.Counting.check\n"
        "def check(self, call, file):\n"
        "    print('to stdout')\n"
        "    sys.stdout.flush()\n"
        "    yield from old(self, call, file)\n"
        "p.Counting.check = check\n"
        "sys.argv = ['retort', 'serve']\n"
        "p.main()\n"
    )
    env = {**os.environ, "RETORT_CACHE_DIR": str(tmp_path / "cache"), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=env,
    )
    try:
        server = Raw(process)
        server.begin(tmp_path)
        summary = server.answer("workspace/executeCommand", {"command": "retort.checkWorkspace"})
        assert summary["rules"] == {"planted/counting": 1}
        server.answer("shutdown")
        server.send("exit")
        assert process.stderr is not None and b"to stdout" in process.stderr.read()
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def listeners(port: int) -> set[str]:
    """The addresses at which somebody listens on a port, as Linux writes them."""
    lines = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {
        one[1].partition(":")[0]
        for one in lines
        if one[1].endswith(f":{port:04X}") and one[3] == "0A"
    }


def test_tcp(tmp_path: Path) -> None:
    port = free_port()
    with started(tmp_path, "--tcp", f":{port}") as server:
        for _ in range(500):
            assert listeners(port) <= {"0100007F"}, "it listens beyond the loopback"
            try:
                connection = socket.create_connection(("127.0.0.1", port))
                break
            except ConnectionRefusedError:
                time.sleep(0.02)
        with connection, connection.makefile("rwb") as stream:
            body = json.dumps(
                {
                    "jsonrpc": "2.0",
                    "id": 1,
                    "method": "initialize",
                    "params": {"processId": None, "rootUri": None, "capabilities": {}},
                }
            ).encode()
            stream.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
            stream.flush()
            assert stream.readline().startswith(b"Content-Length")
            with pytest.raises(ConnectionRefusedError):  # one client, and no waiting for ever
                socket.create_connection(("127.0.0.1", port))
        assert server.process.wait(timeout=10) == 0, "it ends with its client"


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:99999999", "localhost:x"])
def test_an_address_of_no_sense(tmp_path: Path, address: str) -> None:
    with started(tmp_path, "--tcp", address) as server:
        assert server.process.wait(timeout=10) == 2
        assert server.process.stderr is not None
        said = server.process.stderr.read().decode()
        assert f"`{address}` is not HOST:PORT" in said and "Traceback" not in said


def test_a_port_that_is_taken(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with started(tmp_path, "--tcp", f"127.0.0.1:{port}") as server:
            assert server.process.wait(timeout=10) == 2
            assert server.process.stderr is not None
            said = server.process.stderr.read().decode()
            assert "cannot be listened on" in said and "Traceback" not in said


def messages(*sent: dict[str, Any]) -> bytes:
    """Messages as they go over the wire."""
    bodies = [json.dumps({"jsonrpc": "2.0", **one}).encode() for one in sent]
    return b"".join(b"Content-Length: %d\r\n\r\n" % len(body) + body for body in bodies)


SESSION = messages(
    {"id": 1, "method": "initialize", "params": {"processId": None, "capabilities": {}}},
    {"method": "initialized", "params": {}},
    {"id": 2, "method": "shutdown"},
    {"method": "exit"},
)


def test_requests_out_of_turn_are_refused() -> None:
    start = {"method": "initialize", "params": {"processId": None, "capabilities": {}}}
    hover = {
        "method": "textDocument/hover",
        "params": {
            "textDocument": {"uri": "file:///a.ex"},
            "position": {"line": 0, "character": 0},
        },
    }
    sent = messages(
        {"id": 1, **hover},
        {"id": 2, **start},
        {"id": 3, **start},
        {"id": 7, "method": "textDocument/hover", "params": {"position": 1}},
        {"id": 4, "method": "shutdown"},
        {"id": 5, **hover},
        {"id": 6, "method": "shutdown"},
        {"method": "exit"},
    )
    done = subprocess.run(COMMAND, input=sent, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0
    answers = [json.loads(one) for one in re.findall(rb'\{"[^\r]*\}(?=Content|$)', done.stdout)]
    codes = {one["id"]: one.get("error", {}).get("code") for one in answers if "id" in one}
    assert codes == {1: -32002, 2: None, 3: -32600, 4: None, 5: -32600, 6: -32600, 7: -32602}


def test_messages_may_come_from_a_file(tmp_path: Path) -> None:
    recorded = tmp_path / "session"
    recorded.write_bytes(SESSION)
    with recorded.open("rb") as stdin:
        done = subprocess.run(COMMAND, stdin=stdin, capture_output=True, timeout=60, check=False)
    assert done.returncode == 0
    assert b'"id":2' in done.stdout.replace(b" ", b"")


def test_one_socket_may_be_stdin_and_stdout() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        process = subprocess.Popen(COMMAND, stdin=theirs, stdout=theirs, stderr=subprocess.PIPE)
        theirs.close()
        ours.settimeout(60)
        ours.sendall(SESSION)
        answered = b""
        while chunk := ours.recv(65536):
            answered += chunk
        assert process.wait(60) == 0
        if process.stderr is not None:
            process.stderr.close()
    assert b'"id":2' in answered.replace(b" ", b"")
