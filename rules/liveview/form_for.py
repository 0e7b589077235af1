"""liveview/form-for"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.lint.file import File
from lsp_server.lint.finding import Edit, Finding, Fix
from lsp_server.lint.rule import Rule, on
from lsp_server.syntax import heex
from lsp_server.syntax.elixir import BinaryOperator, Call, Identifier, ModuleAttribute
from lsp_server.syntax.layers import TemplateLayer
from lsp_server.syntax.literals import Atom, String
from lsp_server.syntax.template_calls import HelperUse, helper_use
from lsp_server.syntax.template_edits import Unsure, ends_sigil
from lsp_server.syntax.template_layout import following, opening_tag, place_of
from lsp_server.text import Span

from ._forms import (
    MODULES,
    form_attributes,
    function_of,
    inputs_for_attributes,
    variable_of,
)
from ._inputs import NAMES, Target, field_tag, tag_of

# Names that a project may well have functions of, so that the arguments must fit too.
_GENERIC = frozenset({"checkbox", "label", "select", "textarea"})


class FormFor(Rule):
    """
    A form that the functions of Phoenix.HTML write into a HEEx template.

    Since LiveView 0.18 forms are components: `<.form>` and `<.inputs_for>` keep track of what
    changes in them, and a field is `f[:name]`. `form_for` and `text_input` render the whole form
    anew on each change, and Phoenix.HTML 4.0 has moved them to a library for old applications.

    ## Bad

    ```heex
    <%= form_for @changeset, ~p"/users", [id: "user", phx_submit: "save"], fn f -> %>
      <%= label f, :name %>
      <%= text_input f, :name, class: "a" %>
      <%= inputs_for f, :addresses, fn address -> %>
        <%= hidden_input address, :kind %>
      <% end %>
      <%= submit "Save" %>
    <% end %>
    ```

    ## Good

    ```heex
    <.form :let={f} for={@changeset} action={~p"/users"} id="user" phx-submit="save">
      <label for={f[:name].id}>Name</label>
      <input type="text" id={f[:name].id} name={f[:name].name} value={f[:name].value} class="a" />
      <.inputs_for :let={address} field={f[:addresses]}>
        <input
          type="hidden"
          id={address[:kind].id}
          name={address[:kind].name}
          value={address[:kind].value}
        />
      </.inputs_for>
      <button type="submit">Save</button>
    </.form>
    ```

    ## When it stays silent

    - In `.eex` and `~E` (mails), which have no components, and inside `~L` and `.leex`, which must
      become HEEx first.
    - On functions of the module's own or of other imports. `label`, `select`, `checkbox` and
      `textarea` count only with a form and a field.
    - With a LiveView before 0.18.

    ## What the fix changes

    `form_for` and the block of `form_tag` become `<.form>`, `inputs_for` (also as the generator of
    a `for`) `<.inputs_for>`, without the `hidden_inputs_for` that it has built in. A field becomes
    `<.input field={…}>` where the project's `CoreComponents` have an `input/1`, else the tag that
    the helper wrote. `<.input>` adds a label and errors of its own, which is why the fix asks to be
    looked at. Fields of several tags (`date_select` …) and options that no attribute stands for are
    reported without a fix.
    """

    requires = "phoenix_live_view >= 0.18"

    @on(Call, name=("form_for", "form_tag", "inputs_for"))
    def forms(self, call: Call, file: File) -> Iterator[Finding]:
        """Whole forms, and those nested in them."""
        if not _is_helper(call, file) or file.layer is None:
            return
        tag = ".inputs_for" if call.name == "inputs_for" else ".form"
        edits = _form_edits(call, file.layer, tag, file)
        yield self._finding(call, tag, edits, file)

    @on(Call, name=NAMES)
    def fields(self, call: Call, file: File) -> Iterator[Finding]:
        """Fields, labels and the button that sends."""
        if not _is_helper(call, file) or file.layer is None or not _fits(call):
            return
        core = _has_input(file)
        edits = _field_edits(call, file.layer, core, file)
        yield self._finding(call, tag_of(call.name, core), edits, file)

    def _finding(self, call: Call, tag: str, edits: list[Edit] | Unsure, file: File) -> Finding:
        message = f"`{call.name}` of Phoenix.HTML: write `<{tag}>`"
        sigil = None if file.layer is None else file.layer.sigil
        if not file.depends("phoenix_html >= 3.3"):
            edits = Unsure("phoenix_html before 3.3 has no `f[:field]`")
        elif not isinstance(edits, Unsure) and any(ends_sigil(sigil, one.text) for one in edits):
            edits = Unsure("the new text holds the delimiter of the sigil")
        if isinstance(edits, Unsure):
            return self.finding(call.name_span, f"{message} by hand, because {edits.reason}")
        found = edits
        return self.finding(
            call.name_span, message, fix=Fix.review(f"Write <{tag}>", lambda _: found)
        )


def _is_helper(call: Call, file: File) -> bool:
    if file.layer is None or file.layer.dialect is not heex.Dialect.HEEX:
        return False
    if call.receiver is None and any(
        file.names(call).defines(call.name, arity) for arity in range(1, 6)
    ):
        return False
    module = file.module_of(call)
    if call.receiver is not None or module is not None:
        return module in MODULES
    return bool(call.arguments)


def _fits(call: Call) -> bool:
    given = call.arguments
    if call.name == "submit":
        return call.do_block is not None or isinstance(given[0], (String, Call))
    if call.name not in _GENERIC:
        return len(given) > 1
    return (
        len(given) > 1
        and isinstance(given[0], (Identifier, ModuleAttribute, Call, Atom))
        and isinstance(given[1], (Atom, Identifier))
    )


def _has_input(file: File) -> bool:
    """Whether the project's core components have an `input/1`."""
    return any(
        module.endswith("CoreComponents") and ("input", 1) in functions
        for module, functions in file.context.exports.items()
    )


def _form_edits(call: Call, layer: TemplateLayer, tag: str, file: File) -> list[Edit] | Unsure:
    function = function_of(call)
    generator = None if function is not None else _generator(call)
    variable: str | None = None
    if call.name == "form_tag":
        use = helper_use(call, layer)
    elif function is not None:
        variable, use = variable_of(function), helper_use(call, layer)
    elif generator is not None:
        variable, use = generator[0], helper_use(generator[1], layer)
    else:
        return Unsure("no function takes the form")
    if variable is None and call.name != "form_tag":
        return Unsure("its function does not take just a name")
    if isinstance(use, Unsure):
        return use
    if use.end is None:
        return Unsure("it has no block")
    if call.name == "inputs_for" and variable is not None:
        written = inputs_for_attributes(call, variable)
    else:
        written = form_attributes(call, variable)
    if isinstance(written, Unsure):
        return written
    place = place_of(layer, file.document.lines, use.head.start)
    follows = following(file.document.lines, use.head.end)
    edits = [
        Edit(use.head, opening_tag(tag, written, place, follows=follows)),
        Edit(use.end, f"</{tag}>"),
    ]
    if call.name == "inputs_for" and variable is not None:
        edits += _hidden_inputs(variable, Span(use.head.end, use.end.start), layer, file)
    return edits


def _generator(call: Call) -> tuple[str, Call] | None:
    """Variable and call of `for x <- inputs_for(…) do`, if that is all there is to it."""
    match call.parent:
        case BinaryOperator(operator="<-", left=Identifier(name)) as generator:
            outer = generator.enclosing(Call)
            if outer is not None and outer.name == "for" and outer.arguments == [generator]:
                return name, outer
    return None


def _hidden_inputs(variable: str, inside: Span, layer: TemplateLayer, file: File) -> Iterator[Edit]:
    """Takes out what `<.inputs_for>` writes itself, with its line where it stands alone."""
    lines, source = file.document.lines, layer.source
    for call in layer.index.calls("hidden_inputs_for"):
        use = helper_use(call, layer)
        if not inside.covers(call.span) or not isinstance(use, HelperUse) or use.end is not None:
            continue
        if [one.text for one in call.arguments] != [variable]:
            continue
        line = lines.line_at(use.head.start)
        if lines.line_bytes(line).strip() == use.head.slice(source):
            yield Edit(Span(lines.starts[line], lines.starts[line + 1]), "")
        else:
            yield Edit(use.head, "")


def _field_edits(call: Call, layer: TemplateLayer, core: bool, file: File) -> list[Edit] | Unsure:
    use = helper_use(call, layer)
    if isinstance(use, Unsure):
        return use
    lines = file.document.lines
    curly = use.curly and file.depends("phoenix_live_view >= 1.0")
    place = place_of(layer, lines, use.head.start)
    text = field_tag(call, Target(place, following(lines, use.head.end), core, curly))
    if isinstance(text, Unsure):
        return text
    if use.end is None:
        return [Edit(use.head, text)]
    if call.name not in ("label", "submit"):
        return Unsure("it has a block")
    closing = "</label>" if call.name == "label" else "</button>"
    return [Edit(use.head, text), Edit(use.end, closing)]
