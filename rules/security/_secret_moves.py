"""Moves a secret out of the source: its value to the environment, its place to a look-up."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsp_server.document import Document
from lsp_server.facts.secrets.secrets import Secret
from lsp_server.lint.finding import Edit, Operation
from lsp_server.snapshot import Snapshot
from lsp_server.syntax.elixir import Call, ModuleAttribute
from lsp_server.syntax.literals import Keywords, List, Pair, String
from lsp_server.syntax.node import Node, cast
from lsp_server.syntax.outline import Form, Module
from lsp_server.text import Span, line_ending

from ._runtime_config import (
    WIDTH,
    app_name,
    config_folder,
    default_for_development,
    environment_of,
    read_from_environment,
    snake,
)

DEVELOPMENT = '"only-for-development"'
_NO_NAME = re.compile(r"[^a-z0-9]+")


def variable_of(secret: Secret) -> str:
    """The environment variable for a secret: `PAYMENTS_WEBHOOK_SECRET`."""
    if secret.app:
        *modules, key = [secret.app, *secret.keys] if len(secret.keys) < 2 else secret.keys
        outer = next((one for one in reversed(modules)), "")
        name = snake(outer.rpartition(".")[2])
        return _joined(*([] if name == "endpoint" else [name]), key).upper()
    return setting_of(secret).upper()


def setting_of(secret: Secret) -> str:
    """The name of the setting for a secret of a module: `rates_client_api_key`."""
    module = snake(secret.module.rpartition(".")[2])
    return _joined(module, _key(secret))


def _key(secret: Secret) -> str:
    written = "" if secret.key in ("do", "else") else secret.key.lower().removeprefix("x-")
    key = written or secret.label.rpartition(" ")[2].lower()
    return "token" if key == "authorization" else key


def _joined(*parts: str) -> str:
    """Words joined by underscores, a word that the next part begins with left out."""
    names = [_NO_NAME.sub("_", one.lower()).strip("_") for one in parts]
    if len(names) == 2 and f"{names[1]}_".startswith((f"{names[0]}_", f"{names[0][:-1]}_")):
        names = names[1:]
    return "_".join(one for one in names if one)


def literal_at(document: Document, span: Span) -> tuple[String, Form] | None:
    """The string literal at a place, with its form."""
    form = document.outline.form_at(span.start)
    raw = document.tree.raw.root_node.named_descendant_for_byte_range(span.start, span.start + 1)
    node = None if raw is None else cast(raw, document.tree)
    while node is not None and not isinstance(node, String):
        node = node.parent
    return None if node is None or form is None else (node, form)


def moved(snapshot: Snapshot, path: str, secret: Secret) -> list[Operation]:
    """Everything that takes a secret out of a file; empty where that cannot be done safely."""
    document = snapshot.document(path)
    found = None if document is None else literal_at(document, secret.span)
    if document is None or found is None:
        return []
    node, form = found
    match secret.place:
        case "config":
            return list(_from_config(snapshot, document, node, secret))
        case "function":
            return list(_from_function(snapshot, document, node, secret))
        case "attribute":
            return list(_from_attribute(snapshot, document, form, secret))
    return []


def _from_config(
    snapshot: Snapshot, document: Document, node: String, secret: Secret
) -> Iterator[Operation]:
    path = document.path
    name = path.rpartition("/")[2]
    folder = path[: len(path) - len(name)]
    variable = _free(snapshot, folder, variable_of(secret))
    if name in ("runtime.exs", "releases.exs"):
        yield Edit(node.span, f'System.fetch_env!("{variable}")', path)
        return
    setting = _setting(node, document)
    if setting is None:
        return
    if name == "config.exs":
        # Whoever reads an address refuses what is none, and takes `nil` as not set.
        address = secret.key.endswith("dsn") or "://" in (node.value or "")
        yield Edit(node.span, "nil" if address else DEVELOPMENT, path)
    else:
        yield from _without(document, node)
    yield from read_from_environment(snapshot, folder, environment_of(path), setting, variable)


def _free(snapshot: Snapshot, folder: str, name: str) -> str:
    """A name of which the environment variable is not read yet; others get a number."""
    document = snapshot.document(f"{folder}runtime.exs")
    source = "" if document is None else document.source.decode("utf-8", "replace")
    number, free = 1, name
    while f'"{free.upper()}"' in source:
        number += 1
        free = f"{name}_{number}"
    return free


def _setting(node: Node, document: Document) -> str | None:
    """The `config …` around a value with `%s` in its place and nothing beside it."""
    text = "%s"
    for outer in node.ancestors():
        match outer:
            case Pair():
                key = outer.tree.source[slice(*outer.key_span)].decode("utf-8", "replace")
                text = f"{key} {text}"
            case List():
                text = f"[{text}]"
            case Call() if outer.name == "config":
                arguments = outer.written_arguments[:-1]
                names = document.names_at(outer.start)
                shown = [names.expand(one.text) for one in arguments]
                last = outer.written_arguments[-1]
                if isinstance(last, List):
                    text = text.removeprefix("[").removesuffix("]")
                return f"config {', '.join(shown)}, {text}"
    return None


def _without(document: Document, node: Node) -> Iterator[Edit]:
    """A configuration without a value: without its pair, the keywords that only held it, or the
    whole `config`."""
    gone: Node = node
    for outer in node.ancestors():
        if isinstance(outer, Keywords) and len(outer.pairs) > 1:
            break
        gone = outer
        if isinstance(outer, Call):
            yield _without_lines(document, gone.span)
            return
    pairs = list(outer.pairs) if isinstance(outer, Keywords) else []
    number = next((n for n, one in enumerate(pairs) if one.span.covers(gone.span)), 0)
    call = outer.enclosing(Call)
    arguments = [] if call is None else call.written_arguments
    if len(pairs) == 2 and len(arguments) > 2 and arguments[-1] == outer:
        # `mix format` puts the last keyword on the line of the other arguments, if it fits.
        rest, before = pairs[1 - number].text, arguments[-2].end
        column = before - document.lines.line_span(document.lines.line_at(before)).start
        if "\n" not in rest and column + len(rest) + 2 <= WIDTH:
            yield Edit(Span(before, outer.end), f", {rest}", document.path)
            return
    if number + 1 < len(pairs):
        yield Edit(Span(pairs[number].start, pairs[number + 1].start), "", document.path)
    else:
        yield Edit(Span(pairs[number - 1].end, pairs[number].end), "", document.path)


def _without_lines(document: Document, span: Span) -> Edit:
    """Whole lines taken out, and one blank line with them where two would meet."""
    lines, source = document.lines, document.source
    first, last = lines.line_at(span.start), lines.line_at(span.end)
    before = lines.line_bytes(first - 1).strip() if first else b""
    blank_before = not before or before.endswith(b" do")
    blank_after = not lines.line_bytes(last + 1).strip()
    start = lines.line_span(first).start
    end = lines.starts[last + 1] if last + 1 < lines.line_count else len(source)
    if blank_before and blank_after and last + 2 < lines.line_count:
        end = lines.starts[last + 2]
    elif blank_before and first > 0 and not source[end:].strip():
        start = lines.line_span(first - 1).start  # the last lines of the file
    return Edit(Span(start, end), "", document.path)


def _from_function(
    snapshot: Snapshot, document: Document, node: String, secret: Secret
) -> Iterator[Operation]:
    app = app_name(snapshot, document.path, secret.module)
    setting = _free(snapshot, config_folder(snapshot, document.path), setting_of(secret))
    lookup = f"Application.fetch_env!(:{app}, :{setting})"
    scheme = re.match(r"(?:Bearer|Basic|Token) ", node.value or "")
    value = lookup if scheme is None else f'"{scheme[0]}#{{{lookup}}}"'
    line = document.lines.line_bytes(document.lines.line_at(node.start)).decode("utf-8", "replace")
    if len(line) - len(node.text) + len(value) > WIDTH and not node.is_heredoc:
        module = document.outline.module_at(node.start)
        name = _joined(_key(secret))
        if (0 in module.names.functions.get(name, ())) or module.call is None:
            return
        value = f"{name}()" if scheme is None else f'"{scheme[0]}#{{{name}()}}"'
        yield _private_function(document, module, name, lookup)
    yield Edit(node.span, value, document.path)
    yield from _settings(snapshot, document, app, setting)


def _from_attribute(
    snapshot: Snapshot, document: Document, form: Form, secret: Secret
) -> Iterator[Operation]:
    module, attribute = form.module, form.node
    if not isinstance(attribute, ModuleAttribute) or module.call is None:
        return
    name = attribute.name
    uses: list[ModuleAttribute] = []
    for other in module.forms:
        for one in other.index.nodes(ModuleAttribute):
            if one.name == name and one != attribute:
                if one.value is not None or other.function is None or other.function.is_macro:
                    return  # set again, or read while compiling
                if other.function.head.span.covers(one.span):
                    return
                uses.append(one)
    if not uses or 0 in module.names.functions.get(name, ()):
        return
    app = app_name(snapshot, document.path, secret.module)
    setting = _free(snapshot, config_folder(snapshot, document.path), setting_of(secret))
    yield _without_lines(document, attribute.span)
    for one in uses:
        yield Edit(one.span, f"{name}()", document.path)
    lookup = f"Application.fetch_env!(:{app}, :{setting})"
    yield _private_function(document, module, name, lookup)
    yield from _settings(snapshot, document, app, setting)


def _private_function(document: Document, module: Module, name: str, lookup: str) -> Edit:
    """A function at the end of a module that looks the secret up."""
    newline = line_ending(document.source)
    indent = document.lines.indentation(module.span.start).decode() + "  "
    text = f"{indent}defp {name}, do: {lookup}"
    if len(text) > WIDTH:
        text = f"{indent}defp {name} do{newline}{indent}  {lookup}{newline}{indent}end"
    last = module.forms[-1]
    at = document.lines.line_span(document.lines.line_at(last.span.end)).end
    return Edit(Span(at, at), f"{newline * 2}{text}", document.path)


def _settings(
    snapshot: Snapshot, document: Document, app: str, setting: str
) -> Iterator[Operation]:
    folder = config_folder(snapshot, document.path)
    call = f"config :{app}, {setting}: %s"
    yield from default_for_development(snapshot, folder, call, DEVELOPMENT)
    yield from read_from_environment(snapshot, folder, "prod", call, setting.upper())
