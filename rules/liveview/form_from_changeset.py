"""liveview/form-from-changeset"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.document import Document
from lsp_server.lint.file import File
from lsp_server.lint.finding import Finding, Fix, Related
from lsp_server.lint.rule import Rule, on
from lsp_server.severity import Severity
from lsp_server.syntax import heex
from lsp_server.syntax.elixir import ModuleAttribute
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.template_edits import Unsure

from ._to_form import FormUse, is_field_read, to_form_edits

_LIVE = frozenset({"Phoenix.LiveView", "Phoenix.LiveComponent"})


class FormFromChangeset(Rule):
    """
    A form of a LiveView that is given a changeset, not a form made of one.

    `to_form/2` (LiveView 0.18.12) turns the changeset into a form once, where it is assigned. A
    template that is given the changeset makes the form anew on every render, so that LiveView
    cannot tell which fields have changed and sends all of them; and what it reads from the
    changeset itself, such as its errors, is shown before the user has typed anything.

    ## Bad

    ```elixir
    defmodule ShopWeb.UserLive do
      use Phoenix.LiveView

      def mount(_params, _session, socket) do
        {:ok, assign(socket, :changeset, Accounts.change_user(%User{}))}
      end

      def render(assigns) do
        ~H\"\"\"
        <.form :let={f} for={@changeset} phx-submit="save">
          <.input field={f[:name]} />
        </.form>
        \"\"\"
      end
    end
    ```

    ## Good

    ```elixir
    defmodule ShopWeb.UserLive do
      use Phoenix.LiveView

      def mount(_params, _session, socket) do
        {:ok, assign(socket, :form, to_form(Accounts.change_user(%User{})))}
      end

      def render(assigns) do
        ~H\"\"\"
        <.form for={@form} phx-submit="save">
          <.input field={@form[:name]} />
        </.form>
        \"\"\"
      end
    end
    ```

    ## When it stays silent

    - In function components and in templates that are files of their own: whether a LiveView or
      a controller renders them is not known from the file.
    - Where the assign's name does not end in `changeset`.
    - With a LiveView before 0.18.12.

    ## What the fix changes

    `to_form` is called at each `assign` of the changeset, which becomes `:form`, and the template
    reads `@form`, for fields of the changeset itself `@form.source`; `as:` moves from the tag to
    `to_form`. Look at it: ids of fields come from the form's name now. There is no fix where code
    reads the assign back or assigns it in another way, where the template hands the changeset on,
    and where the module has a `form` already or more than one changeset.
    """

    severity = Severity.INFORMATION
    requires = "phoenix_live_view >= 0.18.12"

    @on(Document)
    def check(self, document: Document, file: File) -> Iterator[Finding]:
        """Templates inside of the file's LiveViews and live components."""
        if b"changeset" not in document.source:
            return
        for module in document.modules:
            forms = [form for form in module.forms if form.function is not None]
            if not forms or module.call is None:
                continue
            used = file.context.used(forms[0].names_at(forms[0].span.start))
            if used.isdisjoint(_LIVE):
                continue
            layers = [layer for form in forms for layer in form.templates]
            layers = [one for one in layers if one.dialect is heex.Dialect.HEEX]
            yield from self._of_layers(layers, FormUse(module.forms, layers))

    def _of_layers(self, layers: list[TemplateLayer], use: FormUse) -> Iterator[Finding]:
        reads = [
            node
            for layer in layers
            for node in layer.index.nodes(ModuleAttribute)
            if node.name.endswith("changeset") and is_field_read(node)
        ]
        given: set[str] = set()
        for layer in layers:
            for tag in layer.nodes(heex.Tag):
                found = _changeset(tag, layer)
                if found is not None:
                    given.add(found.name)
                    yield self._of_form(found, tag, layer, use, reads)
        for node in reads:
            if node.name not in given:
                message = f"the template reads `@{node.name}`: read a form that `to_form` makes"
                yield self.finding(node, message)

    def _of_form(
        self,
        found: ModuleAttribute,
        tag: heex.Tag,
        layer: TemplateLayer,
        use: FormUse,
        reads: list[ModuleAttribute],
    ) -> Finding:
        related = [
            Related(node.span, "Here the template reads the changeset itself")
            for node in reads
            if node.name == found.name
        ]
        message = f"`<{tag.name}>` is given `@{found.name}`: give it a form made by `to_form`"
        edits = to_form_edits(use, layer, tag, found.name)
        if isinstance(edits, Unsure):
            return self.finding(found, f"{message}; not rewritten: {edits.reason}", related=related)
        fix = Fix.review("Make the form with to_form", lambda _: edits)
        return self.finding(found, message, fix=fix, related=related)


def _changeset(tag: heex.Tag, layer: TemplateLayer) -> ModuleAttribute | None:
    """The assign of a changeset that a component is given as `for`."""
    given = tag.attribute("for") if tag.is_component else None
    if given is None or not isinstance(given.value, heex.Braces):
        return None
    found = layer.expression(given.value.expression)
    if isinstance(found, ModuleAttribute) and found.name.endswith("changeset"):
        return found
    return None
