"""otp/dynamic-name"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lsp_server.document import Document
from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.role import Role
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.elixir import Call, Pipe
from lsp_server.syntax.literals import Atom, Tuple
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form, Module
from lsp_server.text import Span

from ._dynamic_names import Name, Use, names_in, same_name, uses
from ._infrastructure import provided
from ._start_child import below_head, fits

_FOLLOWED = frozenset({Use.GIVEN, Use.ASKED, Use.LOOKED_UP})


class DynamicName(Rule):
    """
    A process whose name is an atom that is made at run time.

    Atoms are never freed: each new id takes one for as long as the node runs, and at about a
    million the whole VM goes down. A Registry takes any term for a name, forgets it when its
    process ends, and needs no text to be put together.

    ## Bad

    `lib/shop/application.ex`:

    ```elixir
    defmodule Shop.Application do
      use Application

      @impl true
      def start(_type, _args) do
        children = [
          Shop.Repo,
          {DynamicSupervisor, name: Shop.Baskets, strategy: :one_for_one},
          ShopWeb.Endpoint
        ]

        Supervisor.start_link(children, strategy: :one_for_one, name: Shop.Supervisor)
      end
    end
    ```

    `lib/shop/basket.ex`:

    ```elixir
    defmodule Shop.Basket do
      use GenServer

      def start_link(id) do
        GenServer.start_link(__MODULE__, id, name: :"basket_#{id}")
      end

      def lines(id), do: GenServer.call(:"basket_#{id}", :lines)

      @impl true
      def init(id), do: {:ok, %{id: id, lines: []}}

      @impl true
      def handle_call(:lines, _from, state), do: {:reply, state.lines, state}
    end
    ```

    ## Good

    `lib/shop/application.ex`:

    ```elixir
    defmodule Shop.Application do
      use Application

      @impl true
      def start(_type, _args) do
        children = [
          Shop.Repo,
          {Registry, keys: :unique, name: Shop.Registry},
          {DynamicSupervisor, name: Shop.Baskets, strategy: :one_for_one},
          ShopWeb.Endpoint
        ]

        Supervisor.start_link(children, strategy: :one_for_one, name: Shop.Supervisor)
      end
    end
    ```

    `lib/shop/basket.ex`:

    ```elixir
    defmodule Shop.Basket do
      use GenServer

      def start_link(id) do
        GenServer.start_link(__MODULE__, id, name: {:via, Registry, {Shop.Registry, id}})
      end

      def lines(id), do: GenServer.call({:via, Registry, {Shop.Registry, id}}, :lines)

      @impl true
      def init(id), do: {:ok, %{id: id, lines: []}}

      @impl true
      def handle_call(:lines, _from, state), do: {:reply, state.lines, state}
    end
    ```

    ## When it stays silent

    - There can only be a few names: what is filled in is a module, an attribute, an element of a
      range or of a list that is written out, a number of a partition, or in front the name of
      another process (`:"#{name}_supervisor"`).
    - The atom is no name of a process, or exists already (`String.to_existing_atom/1`).
    - The project is published as a package, which cannot know who names its processes; mix tasks.

    ## What the fix changes

    The process is registered in the application's Registry, and everybody who asks for it by the
    same atom asks there, in other modules too; `Process.whereis` becomes `GenServer.whereis`. If
    there is no Registry with unique keys, one is added to the children of the application, before
    the processes that need it, and the key is what was filled in; in a Registry that others use as
    well the key is the whole text, so that no two names are the same. Names that are shown or
    matched as atoms, sent to with `send/2`, or given to a library that wants atoms are left to you:
    there is no fix then.
    """

    @on(Module)
    def check(self, module: Module, file: File) -> Iterator[Finding]:
        if file.role is not Role.LIB or file.is_mix_task or file.context.is_library(file.path):
            return
        for name in names_in(module):
            if name.is_bounded:
                continue
            found = uses(name, module)
            if not any(use in (Use.GIVEN, Use.GIVEN_AS_ATOM) for _, use in found):
                continue
            fix = None
            if all(use in _FOLLOWED for _, use in found):
                fix = Fix.review("Name it in a Registry", _Renaming(name, file.document).edits)
            yield self.finding(
                name.node,
                "each of these names is an atom that is never freed; name the process "
                "`{:via, Registry, …}` instead",
                fix=fix,
            )


class _Renaming:
    """Takes a name and all that ask for it to a Registry."""

    def __init__(self, name: Name, document: Document) -> None:
        self.name, self.document = name, document

    def edits(self, snapshot: Snapshot) -> list[Edit]:
        """The edits of all files; none where something cannot be followed."""
        registry = provided(snapshot, self.document.path, "Registry", "Registry")
        if registry is None:
            return []
        found = list(registry.edits)
        for document in self._documents(snapshot):
            edits = self._in(document, registry.name, registry.is_new)
            if edits is None:
                return []
            found += edits
        return found

    def _documents(self, snapshot: Snapshot) -> Iterator[Document]:
        """The file, and those that make the same atoms as far as a search for their text says."""
        yield self.document
        prefix = self.name.parts[0]
        if not prefix:
            return
        for path in snapshot.index.paths:
            if path != self.document.path and path.endswith(".ex"):
                document = snapshot.document(path)
                if document is not None and document.role is Role.LIB:
                    if f'"{prefix}#{{'.encode() in document.source:
                        yield document

    def _in(self, document: Document, registry: str, is_new: bool) -> list[Edit] | None:
        found: list[Edit] = []
        for module in document.modules:
            for name in names_in(module):
                if name.node.span == self.name.node.span and document is self.document:
                    pass
                elif not same_name(name, self.name):
                    continue
                known = uses(name, module)
                if not all(use in _FOLLOWED for _, use in known):
                    return None
                edits = _written(document, name, known, registry, is_new)
                if edits is None:
                    return None
                found += edits
        return found


def _written(
    document: Document, name: Name, known: Sequence[tuple[Node, Use]], registry: str, is_new: bool
) -> list[Edit] | None:
    """One name as one of the Registry; None where its line has no room."""
    shown = name.form.names_at(name.node.start).shorten(registry)
    key = name.key if is_new else name.written
    node = name.node
    if isinstance(node.parent, Tuple) and _is_local(node.parent):
        node = node.parent
    edits = [Edit(node.span, f"{{:via, Registry, {{{shown}, {key}}}}}", document.path)]
    for one, use in known:
        if use is Use.LOOKED_UP:
            looking = _call_around(one)
            if looking is None or looking.receiver is None:
                return None
            edits.append(Edit(looking.receiver.span, "GenServer", document.path))
    if not fits(document, edits):
        more = _below(document, name.form)
        if not more or not fits(document, [*edits, *more]):
            return None
        edits += more
    return edits


def _is_local(node: Tuple) -> bool:
    match node.elements:
        case [Atom("local"), _]:
            return True
    return False


def _call_around(node: Node) -> Call | None:
    if isinstance(node.parent, Pipe) and isinstance(node.parent.right, Call):
        return node.parent.right
    return node.enclosing(Call)


def _below(document: Document, form: Form) -> list[Edit]:
    """The body of a function that is written on one line, on a line of its own."""
    function = form.function
    if function is None or len(function.body) != 1 or function.call.do_block is not None:
        return []
    return [
        Edit(Span(one.span.start, one.span.end), one.text, document.path)
        for one in below_head(document, function.body[0])
    ]
