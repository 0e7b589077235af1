"""Which function of which module a template file becomes."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from posixpath import splitext

from lsp_server.facts.index import Index, join
from lsp_server.facts.modules import Function, Module
from lsp_server.facts.routes.router_naming import underscore
from lsp_server.role import TEMPLATES

Owner = tuple[Module, str]  # the module and the name of its function


@join(Module, Function)
def template_owners(index: Index) -> Mapping[str, Owner]:
    """The owner of every template file that has one, by path.

    A template beside the file of a LiveView or component that has no `render`, named as the last
    part of the module, becomes its `render` (phoenix_live_view 0.13 and later); `embed_templates`
    makes functions named as the files (phoenix_live_view 0.18.15); those in `templates/user/` and
    below belong to the module `…UserView`.
    """
    templates = [path for path in index.paths if splitext(path)[1] in TEMPLATES]
    if not templates:
        return {}
    folders = {path.rpartition("/")[0] for path in templates}
    embedding: dict[str, list[tuple[str, Module]]] = {}
    views: dict[str, list[tuple[str, Module]]] = {}
    named: dict[str, list[tuple[str, Module]]] = {}
    for path, module in index.of(Module):
        folder = path.rpartition("/")[0]
        if folder in folders:
            last = underscore(module.name.rpartition(".")[2])
            named.setdefault(f"{folder}/{last}", []).append((path, module))
        for pattern in module.embeds:
            inner, _, files = f"{folder}/{pattern}".rpartition("/")
            embedding.setdefault(inner, []).append((files, module))
        if module.name.endswith("View"):
            of_view = underscore(module.name.removesuffix("View"))
            views.setdefault(of_view.rpartition("/")[2], []).append((path, module))
    found: dict[str, Owner] = {}
    for path in templates:
        owner = _beside(index, named, path) or _embedding(embedding, path) or _view(views, path)
        if owner is not None:
            found[path] = owner
    return found


def _stem(path: str) -> str:
    return path.rpartition("/")[2].partition(".")[0]


def _beside(index: Index, named: Mapping[str, list[tuple[str, Module]]], path: str) -> Owner | None:
    for where, module in named.get(f"{path.rpartition('/')[0]}/{_stem(path)}", ()):
        facts = index.file(where).of(Function)
        names = {one.name for one in facts if one.module == module.name}
        if names and "render" not in names and not module.embeds:
            return module, "render"
    return None


def _embedding(embedding: Mapping[str, list[tuple[str, Module]]], path: str) -> Owner | None:
    folder, _, name = path.rpartition("/")
    for pattern, module in embedding.get(folder, ()):
        if fnmatchcase(name.rpartition(".")[0], pattern):
            return module, _stem(path)
    return None


def _view(views: Mapping[str, list[tuple[str, Module]]], path: str) -> Owner | None:
    root, sign, inner = path.rpartition("/templates/")
    folders = inner.split("/")[:-1] if sign else []
    while folders:  # a view may take the folders below its own too (`pattern: "**/*"`)
        wanted = "/" + "/".join(folders)
        for where, module in views.get(folders[-1], ()):
            of_view = underscore(module.name.removesuffix("View"))
            if where.startswith(f"{root}/") and of_view.endswith(wanted):
                return module, _stem(path)
        folders.pop()
    return None
