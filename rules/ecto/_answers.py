"""What a controller, a LiveView or a GenServer says where something could not be done."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lsp_server.document import Document
from lsp_server.facts.calls.entry_points import Layer
from lsp_server.facts.results.results import FAILURE, Shape
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import BinaryOperator, Call, Identifier, Match, Pipe
from lsp_server.syntax.literals import Atom, Boolean, Integer, Keywords, Nil, String, Tuple
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Module

from ._branches import Branch

# What a function of a repo does, as somebody would say it.
_SAID = {
    "insert": "save the record",
    "insert_or_update": "save the record",
    "update": "save the changes",
    "delete": "delete the record",
    "transaction": "save the changes",
    "transact": "save the changes",
}
_SAVING = re.compile(r"create|update|insert|save|register|add|change|edit|submit|place|upsert|set")
_API = re.compile(r"\b(?:API|Api|JSON)\b")
_JSON = re.compile(rb"\b(?:json\(|send_resp\(|put_status\()")


@dataclass(frozen=True, slots=True)
class Situation:
    """A call that can fail, and what is at hand where it stands; `rest` is what follows success."""

    document: Document
    module: Module
    function: Function
    layer: Layer
    called: str  # the function's name
    shape: Shape
    pattern: Node | None
    rest: Sequence[Node]
    at: int  # the byte where the call stands

    @property
    def is_changeset(self) -> bool:
        """Whether all errors are changesets."""
        return self.shape & FAILURE == Shape.CHANGESET

    @property
    def failure(self) -> str:
        """`Could not create post`."""
        return f"Could not {_SAID.get(self.called) or self.called.rstrip('!').replace('_', ' ')}"

    def error(self, name: str) -> str:
        """The pattern of the errors that are possible, with a name for what they hold."""
        if self.shape & FAILURE == Shape.ERROR:
            return ":error"
        if self.shape & FAILURE == Shape.DETAILS:
            first, rest = (f"_{name[1:]}", "") if name.startswith("_") else (name, "")
            return f"{{:error, _step, {first}{rest}, _changes}}"
        return f"{{:error, {name}}}"

    @property
    def has_one_error(self) -> bool:
        """Whether one pattern takes all errors."""
        failures = self.shape & FAILURE
        if failures in (Shape.ERROR, Shape.DETAILS):
            return True
        return bool(failures) and not failures & (Shape.ERROR | Shape.DETAILS)


def answer(situation: Situation) -> Branch | None:
    """The branch for errors; None where what to say is not certain."""
    if not situation.has_one_error:
        return None
    match situation.layer:
        case Layer.CONTROLLER:
            return _of_controller(situation)
        case Layer.LIVE_VIEW:
            return _of_live_view(situation)
        case Layer.LIVE_COMPONENT:
            form = _form(situation)
            return form if form is not None and _tag(situation) == "noreply" else None
        case Layer.GEN_SERVER:
            return _of_server(situation)


def has_fallback(module: Module) -> bool:
    """Whether a controller leaves errors to another, with `action_fallback`."""
    return any(form.callee == b"action_fallback" for form in module.forms)


# ---- controllers


def _of_controller(situation: Situation) -> Branch | None:
    conn = _parameter(situation.function, "conn")
    if not conn:
        return None
    if has_fallback(situation.module):
        name = "changeset" if situation.is_changeset else "reason"
        error = situation.error(name)
        return Branch(error, (error.replace("_step", "step").replace("_changes", "changes"),))
    form = _rendered_form(situation, conn)
    if form is not None:
        return form
    ignored = situation.error("_changeset" if situation.is_changeset else "_reason")
    rest = b"\n".join(one.bytes for one in situation.rest)
    is_page = b"redirect(" in rest or b"put_flash(" in rest
    if not is_page and (_JSON.search(rest) is not None or _API.search(situation.module.name)):
        return Branch(
            ignored,
            (
                conn,
                "|> put_status(:unprocessable_entity)",
                f'|> json(%{{error: "{situation.failure}"}})',
            ),
        )
    target = _target(situation)
    return Branch(
        ignored,
        (conn, f"|> put_flash(:error, {_said(situation)})", f"|> redirect({target})"),
    )


_FORMS = {"create": "new", "update": "edit"}


def _rendered_form(situation: Situation, conn: str) -> Branch | None:
    """The page of the form again, as `new` or `edit` renders it, with the changeset."""
    showing = _FORMS.get(situation.function.name)
    if showing is None or not situation.is_changeset:
        return None
    for function in situation.module.functions:
        if function.name == showing and function.arity == 2 and function.body:
            call = function.body[-1]
            call = call.right if isinstance(call, Pipe) else call
            if isinstance(call, Call) and call.name == "render" and call.receiver is None:
                return _rendered_like(call, situation, conn)
    return None


def _rendered_like(call: Call, situation: Situation, conn: str) -> Branch | None:
    arguments = call.arguments
    if len(arguments) != 3 or not isinstance(arguments[1], (Atom, String)):
        return None
    keywords = call.keywords
    if keywords is None or not isinstance(keywords, Keywords):
        return None
    known = _bound_before(situation)
    assigns: list[str] = []
    shown = False
    for pair in keywords.pairs:
        if pair.key == "changeset":
            assigns.append("changeset: changeset")
            shown = True
        elif pair.key == "form" and pair.value is not None and "to_form(" in pair.value.text:
            written = re.sub(r"to_form\(.*", "to_form(changeset)", pair.value.text)
            assigns.append(f"form: {written}")
            shown = True
        elif _is_at_hand(pair.value, known):
            assigns.append(pair.text)
        else:
            return None
    if not shown:
        return None
    rendered = f"render({conn}, {arguments[1].text}, {', '.join(assigns)})"
    return Branch(situation.error("changeset"), (rendered,))


def _is_at_hand(value: Node | None, known: frozenset[str]) -> bool:
    """Whether a value means the same in another action: a literal, or a variable it has too."""
    if isinstance(value, Identifier):
        return value.name in known
    return isinstance(value, (Atom, Boolean, Integer, Nil, String))


def _bound_before(situation: Situation) -> frozenset[str]:
    """The variables that hold a value where the call stands, roughly: what stands to the left of
    a match or among the parameters."""
    found = {
        one.name
        for parameter in situation.function.parameters
        for one in parameter.find(Identifier)
    }
    for expression in situation.function.body:
        if isinstance(expression, Match) and expression.end <= situation.at:
            found.update(one.name for one in expression.left.find(Identifier))
    return frozenset(found)


def _target(situation: Situation) -> str:
    """Where success redirects to, unless that takes what only success has; else the root."""
    bound = {
        one.name
        for node in [situation.pattern] + [r.left for r in situation.rest if isinstance(r, Match)]
        if node is not None
        for one in node.find(Identifier)
    }
    for node in situation.rest:
        for call in node.find(Call):
            to = call.keyword("to")
            if call.name == "redirect" and to is not None and b"\n" not in to.bytes:
                used = {one.name for one in to.find(Identifier)} | set(re.findall(r"\w+", to.text))
                if not bound & used:
                    return f"to: {to.text}"
    return 'to: ~p"/"' if b"~p" in situation.document.source else 'to: "/"'


# ---- LiveViews


def _of_live_view(situation: Situation) -> Branch | None:
    socket = _parameter(situation.function, "socket")
    tag = _tag(situation)
    if not socket or not tag:
        return None
    if tag == "noreply":
        form = _form(situation)
        if form is not None:
            return form
    ignored = situation.error("_changeset" if situation.is_changeset else "_reason")
    if situation.function.name == "mount":
        home = '~p"/"' if b"~p" in situation.document.source else '"/"'
        return Branch(
            ignored,
            (
                "{:ok,",
                f" {socket}",
                f" |> put_flash(:error, {_said(situation)})",
                f" |> push_navigate(to: {home})}}",
            ),
        )
    return Branch(ignored, (f"{{:{tag}, put_flash({socket}, :error, {_said(situation)})}}",))


def _form(situation: Situation) -> Branch | None:
    """The form with the errors of the changeset, as the module assigns it elsewhere."""
    socket = _parameter(situation.function, "socket")
    source = situation.document.source
    if not socket or not situation.is_changeset or not _SAVING.match(situation.called):
        return None
    if b"defp assign_form(" in source:
        assigned = f"assign_form({socket}, changeset)"
    elif re.search(rb"form: to_form\(|:form, to_form\(", source):
        assigned = f"assign({socket}, form: to_form(changeset))"
    elif re.search(rb"assign\([^)]*:changeset,|assign\([^)]*changeset: ", source):
        assigned = f"assign({socket}, changeset: changeset)"
    else:
        return None
    return Branch(situation.error("changeset"), (f"{{:noreply, {assigned}}}",))


def _tag(situation: Situation) -> str:
    """The atom of the tuple that the function returns."""
    named = {"mount": "ok", "update": "ok", "handle_event": "noreply", "handle_info": "noreply"}
    named |= {"handle_params": "noreply", "handle_async": "noreply"}
    if situation.function.name in named:
        return named[situation.function.name]
    last = situation.rest[-1] if situation.rest else None
    if isinstance(last, Tuple) and len(last.elements) == 2:
        first = last.elements[0]
        if isinstance(first, Atom) and first.name in ("ok", "noreply"):
            return first.name
    return ""


# ---- GenServers


def _of_server(situation: Situation) -> Branch | None:
    name = situation.function.name
    reason = "changeset" if situation.is_changeset else "reason"
    if name == "init":
        return Branch(situation.error("reason"), ("{:stop, reason}",))
    state = _last_parameter(situation.function)
    if not state or situation.shape & FAILURE == Shape.ERROR:
        return None
    log = f'Logger.error("{situation.failure}: #{{inspect({reason})}}")'
    if name == "handle_call":
        body: tuple[str, ...] = (f"{{:reply, {{:error, {reason}}}, {state}}}",)
    elif name == "terminate":
        body = (log,)
    else:
        body = (log, f"{{:noreply, {state}}}")
    return Branch(situation.error(reason), body)


def needs_logger(branch: Branch) -> bool:
    """Whether a branch logs."""
    return any(line.startswith("Logger.") for line in branch.body)


# ---- names


def _said(situation: Situation) -> str:
    """The message for a person, translated where the module translates such messages."""
    if re.search(rb"put_flash\([^\n]*\bgettext\(", situation.document.source):
        return f'gettext("{situation.failure}")'
    return f'"{situation.failure}"'


def _parameter(function: Function, name: str) -> str:
    """A parameter of this name, also behind a pattern."""
    for parameter in function.parameters:
        for one in _sides(parameter):
            if isinstance(one, Identifier) and one.name == name:
                return name
    return ""


def _last_parameter(function: Function) -> str:
    for one in _sides(function.parameters[-1]) if function.parameters else ():
        if isinstance(one, Identifier) and not one.name.startswith("_"):
            return one.name
    return ""


def _sides(parameter: Node) -> Iterator[Node]:
    if isinstance(parameter, BinaryOperator) and parameter.operator in ("=", "\\\\"):
        yield from (parameter.left, parameter.right)
    else:
        yield parameter
