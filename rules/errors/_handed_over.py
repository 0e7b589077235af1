"""The edits that hand a mail to another process: Bamboo's own, a job of Oban's, or a task."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.document import Document
from lsp_server.facts.index import Index, join
from lsp_server.facts.modules import modules
from lsp_server.facts.project.config import configuration
from lsp_server.lint.finding import CreateFile, Edit, Operation
from lsp_server.lint.set_apart import set_apart
from lsp_server.role import app_of
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.elixir import BinaryOperator, Call, Clause, Identifier, Match, Pipe
from lsp_server.syntax.literals import Tuple
from lsp_server.syntax.names import directives
from lsp_server.syntax.node import Node
from lsp_server.text import Span, line_ending

from ..otp._infrastructure import provided

WIDTH = 98  # the formatter's line length
_WORKERS = re.compile(r"(?:Workers?|Jobs?|Oban|Queues?)$")
_MAIL_QUEUE = re.compile(r"mail")


def has_oban(snapshot: Snapshot, path: str) -> bool:
    """Whether the application of a file has Oban: a mix.exs that says so, or a worker."""
    context = snapshot.context
    if context.dependencies and context.fits(path, "oban"):
        return True
    return bool(workers(snapshot.index))


def call_at(document: Document, callee: Span) -> Call | None:
    """The call whose receiver and name fill a span."""
    raw = document.tree.raw.root_node.named_descendant_for_byte_range(callee.start, callee.end)
    while raw is not None:
        call = Call(raw, document.tree)
        if raw.type == "call" and call.callee_span == callee:
            return call
        raw = raw.parent
    return None


def is_replaceable(call: Call) -> bool:
    """Whether only `:ok` or `:error` of the call's result is looked at, if that."""
    node: Node = call.pipe or call
    parent = node.parent
    if parent is not None and parent.kind == "arguments":
        parent = parent.parent
    match parent:
        case Match(_, left, right) | BinaryOperator("<-", left, right) if right == node:
            return _is_blank(left) and not call.name.endswith("!")
        case Call("case", [subject, *_]) as case if subject == node:
            return _are_blank(case)
        case Pipe(_, left, Call("case") as case) if left == node:
            return _are_blank(case)
        case Pipe() | Tuple() | BinaryOperator():
            return False
        case Call() as outer:
            return outer.receiver is None and outer.name in ("if", "unless", "def", "defp")
    return True


def _are_blank(case: Call) -> bool:
    return all(_takes_blank(clause) for clause in case.clauses())


def _takes_blank(clause: Clause) -> bool:
    return all(not one.text.startswith("{:ok") or _is_blank(one) for one in clause.patterns)


def _is_blank(pattern: Node) -> bool:
    """Whether a pattern binds nothing of what `{:ok, …}` holds."""
    match pattern:
        case Identifier(name):
            return name.startswith("_")
        case Tuple([_, Identifier(name)]):
            return name.startswith("_")
    return False


def later(document: Document, call: Call) -> list[Edit]:
    """Bamboo's `deliver_later` for `deliver_now`, where it is given no options for now."""
    if len(call.arguments) > 1 or call.capture_arity is not None:
        return []
    name = call.name.replace("deliver_now", "deliver_later")
    return [Edit(call.name_span, name, document.path)]


def in_task(snapshot: Snapshot, document: Document, call: Call) -> list[Edit]:
    """The delivery in a task of the application's Task.Supervisor, which raises where it fails so
    that somebody hears of it."""
    supervisor = provided(snapshot, document.path, "Task.Supervisor", "TaskSupervisor")
    if supervisor is None or not is_replaceable(call) or call.capture_arity is not None:
        return []
    node: Node = call.pipe or call
    raising = "" if call.name.endswith("!") else "!"
    cut = call.name_span.end - node.start
    work = _text(node.bytes[:cut]) + raising + _text(node.bytes[cut:])
    name = document.names_at(call.start).shorten(supervisor.name)
    head = f"Task.Supervisor.start_child({name}, fn ->"
    newline, lines = line_ending(document.source), document.lines
    line = lines.line_span(lines.line_at(node.start))
    before = document.source[line.start : node.start].decode("utf-8", "replace")
    end = lines.line_span(lines.line_at(node.end)).end
    after = document.source[node.end : end].decode("utf-8", "replace")
    flat = f"{head} {work} end)"
    span = node.span
    if newline not in work and len(before + flat + after) <= WIDTH:
        return [*supervisor.edits, Edit(span, flat, document.path)]
    indent = lines.indentation(node.start).decode()
    parent = node.parent
    lead = ""
    if isinstance(parent, BinaryOperator) and parent.right == node and before.strip():
        if parent.operator not in ("=", "<-"):
            return []
        indent += "  " if parent.operator == "=" else "       "
        lead = newline + indent
        span = Span(parent.left.end, node.end)
        lead = f" {parent.operator}{lead}"
        if newline not in work and len(indent + flat + after) <= WIDTH:
            edit = Edit(span, lead + flat, document.path)
            return [*supervisor.edits, edit, *set_apart(document, node)]
    elif before.strip() == "case":
        indent += "     "
    elif before.strip() and newline in work:
        return []
    own = lines.indentation(node.start).decode()
    rows = [row.removeprefix(own) for row in work.split(newline)]
    body = newline.join(f"{indent}  {row}" if row.strip() else row for row in rows)
    text = f"{lead}{head}{newline}{body}{newline}{indent}end)"
    edit = Edit(span, text, document.path)
    return [*supervisor.edits, edit, *set_apart(document, node)]


# ---- Oban


def in_job(snapshot: Snapshot, document: Document, call: Call) -> list[Operation]:
    """The mail in a job, and the worker that sends it, if it is not there yet."""
    written = call.module
    if written is None or not is_replaceable(call) or len(call.arguments) > 1:
        return []
    names = document.names_at(call.start)
    mailer = snapshot.context.expand(names, written)
    raising = "!" if call.name.endswith("!") else ""
    module, path = worker_place(snapshot, document.path, mailer.partition(".")[0], "DeliverEmail")
    function = f"enqueue{raising}"
    created: list[Operation] = []
    known = modules(snapshot.index).get(module)
    if known is None:
        if path in snapshot.index:
            return []
        created = [CreateFile(path, _source(snapshot, module, mailer, raising))]
    else:
        existing = snapshot.document(known[0])
        if existing is None or f"def {function}(".encode() not in existing.source:
            return []
    shown = names.shorten(module)
    if shown == module:
        edits = _alias_moved(document, call, mailer, module)
        if edits:
            shown = module.rpartition(".")[2]
        created = [*edits, *created]
    return [Edit(call.callee_span, f"{shown}.{function}", document.path), *created]


def _alias_moved(document: Document, call: Call, mailer: str, module: str) -> list[Edit]:
    """The alias of the mailer made one of the worker, where nothing else needs it."""
    written = call.module or ""
    if "." in written or document.source.count(written.encode()) != 2:
        return []  # once in the alias and once in the call, if the alias is plain
    for form in document.outline.module_at(call.start).forms:
        if form.callee != b"alias":
            continue
        directive = Call(form.raw, form.tree)
        found = list(directives(directive))
        if len(found) == 1 and found[0].target == mailer and found[0].name == written:
            if mailer.endswith(f".{written}"):
                return [Edit(directive.written_arguments[0].span, module, document.path)]
    return []


@join(modules)
def workers(index: Index) -> list[tuple[str, str]]:
    """The workers of Oban in the order of their modules, with their paths."""
    return sorted(
        (module, path)
        for module, (path, one) in modules(index).items()
        if one.uses_any("Oban.Worker")
    )


def worker_place(snapshot: Snapshot, path: str, namespace: str, name: str) -> tuple[str, str]:
    """Module and path of a new worker for code in `path`, beside those that there are."""
    app = app_of(path)
    for module, where in workers(snapshot.index):
        outer, _, last = module.rpartition(".")
        if where.startswith(f"{app}lib/") and _WORKERS.search(outer):
            name = f"{name}Worker" if last.endswith("Worker") else name
            return f"{outer}.{name}", f"{where.rpartition('/')[0]}/{_underscored(name)}.ex"
    folder = f"{app}lib/{_underscored(namespace)}/workers"
    return f"{namespace}.Workers.{name}", f"{folder}/{_underscored(name)}.ex"


def _underscored(name: str) -> str:
    words = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return re.sub(r"([a-z\d])([A-Z])", r"\1_\2", words).lower()


def queue_for(snapshot: Snapshot, wanted: re.Pattern[str]) -> str:
    """The queue of a name that Oban is configured with, else `default` or the first."""
    queues: list[str] = []
    for _, setting in configuration(snapshot.index).settings:
        if "queues" in setting.keys[:-1]:
            queues.append(setting.keys[-1])
    named = [one for one in queues if wanted.search(one)]
    return "default" if not named and (not queues or "default" in queues) else (named or queues)[0]


def _source(snapshot: Snapshot, module: str, mailer: str, raising: str) -> str:
    short = mailer.rpartition(".")[2]
    result = "Oban.Job.t()" if raising else "{:ok, Oban.Job.t()} | {:error, Ecto.Changeset.t()}"
    return (
        "\n".join(_lines(module, mailer, short, queue_for(snapshot, _MAIL_QUEUE), raising, result))
        + "\n"
    )


def _lines(
    module: str, mailer: str, short: str, queue: str, raising: str, result: str
) -> Iterator[str]:
    yield f"defmodule {module} do"
    yield '  @moduledoc "Sends mails in the background, and again where that fails."'
    yield ""
    yield f"  use Oban.Worker, queue: :{queue}"
    yield ""
    if short != mailer:
        yield f"  alias {mailer}"
    yield "  alias Swoosh.Email"
    yield ""
    yield "  @copied [:subject, :text_body, :html_body, :headers]"
    yield "  @addresses [:to, :cc, :bcc]"
    yield ""
    yield '  @doc "Puts a mail into the queue; one with attachments needs a worker of its own."'
    yield f"  @spec enqueue{raising}(Email.t()) :: {result}"
    yield f"  def enqueue{raising}(%Email{{attachments: []}} = email) do"
    yield "    email"
    yield "    |> Map.take(@copied)"
    yield "    |> Map.merge(Map.new(@addresses, &{&1, pairs(Map.fetch!(email, &1))}))"
    yield "    |> Map.merge(%{from: pairs(email.from), reply_to: pairs(email.reply_to)})"
    yield "    |> new()"
    yield f"    |> Oban.insert{raising}()"
    yield "  end"
    yield ""
    yield "  @impl Oban.Worker"
    yield "  def perform(%Oban.Job{args: args}) do"
    yield "    copied = for key <- @copied, do: {key, args[to_string(key)]}"
    yield "    addresses = for key <- @addresses, do: {key, addresses(args[to_string(key)])}"
    yield '    [from] = addresses(args["from"])'
    yield ""
    yield "    email ="
    yield "      Email"
    yield "      |> struct!(copied ++ addresses)"
    yield '      |> struct!(from: from, reply_to: reply_to(addresses(args["reply_to"])))'
    yield ""
    yield f"    with {{:ok, _receipt}} <- {short}.deliver(email), do: :ok"
    yield "  end"
    yield ""
    yield "  defp pairs(addresses) do"
    yield "    for {name, address} <- List.wrap(addresses), do: [name, address]"
    yield "  end"
    yield ""
    yield "  defp addresses(pairs), do: for([name, address] <- pairs, do: {name, address})"
    yield ""
    yield "  defp reply_to([]), do: nil"
    yield "  defp reply_to([address]), do: address"
    yield "  defp reply_to(addresses), do: addresses"
    yield "end"


def _text(source: bytes) -> str:
    return source.decode("utf-8", "replace")
