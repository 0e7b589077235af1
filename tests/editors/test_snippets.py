"""The snippets of the pages about other editors: they parse, and name the command, the languages
and only keys that the editor documents."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.editors.test_neovim import neovim

EDITORS = Path(__file__).parent.parent.parent / "editors"
SERVE = ["retort", "serve"]

# Helix 25.07, book/src/languages.md: «Language configuration» and «Language Server configuration».
HELIX_LANGUAGE = {
    *("name", "language-id", "scope", "injection-regex", "file-types", "shebangs", "roots"),
    *("auto-format", "diagnostic-severity", "comment-tokens", "block-comment-tokens", "indent"),
    *("language-servers", "grammar", "formatter", "soft-wrap", "text-width", "rulers"),
    *("path-completion", "workspace-lsp-roots", "persistent-diagnostic-sources"),
    *("word-completion", "rainbow-brackets", "code-actions-on-save"),
}
HELIX_SERVER = {"command", "args", "config", "timeout", "environment", "required-root-patterns"}
# The Elixir extension of Zed 0.6.2: extension.toml, languages/*/config.toml, and what
# src/language_servers/lexical.rs takes of the settings.
ZED_BINARY = {"path", "arguments"}
ZED_ELIXIR_SERVERS = {"elixir-ls", "expert", "dexter", "next-ls", "lexical"}
ZED_LANGUAGES = {"Elixir", "EEx", "HEEx"}
# LSP for Sublime Text 4070-2.10, docs/src/client_configuration.md.
SUBLIME_CLIENT = {
    *("enabled", "command", "selector", "settings", "initialization_options", "env", "tcp_port"),
    *("experimental_capabilities", "disabled_capabilities", "priority_selector"),
    *("diagnostics_mode", "markdown_language_map", "syntax_map"),
}
# Kate, addons/lspclient/lspclientservermanager.cpp, what is read of a server's configuration.
KATE_SERVER = {
    *("command", "commandDebug", "url", "rootIndicationFileNames", "rootIndicationFilePatterns"),
    *("root", "path", "highlightingModeRegex", "initializationOptions", "settings", "use"),
    *("documentLanguageId", "completionTriggerCharacters", "signatureTriggerCharacters"),
    *("useWorkspace", "allowExperimental"),
}
# coc.nvim, doc/coc-config.txt `coc-config-languageserver`.
COC_SERVER = {
    *(
        "enable",
        "filetypes",
        "languageIdMap",
        "maxRestartCount",
        "additionalSchemes",
        "cwd",
        "env",
        "settings",
    ),
    *("trace.server", "stdioEncoding", "initializationOptions", "rootPatterns"),
    *("requireRootPattern", "ignoredRootPaths", "disableDynamicRegister"),
    *("disableSnippetCompletion", "disabledFeatures", "formatterPriority"),
    *("revealOutputChannelOn", "progressOnInitialization", "command", "args", "detached", "shell"),
}
# vim-lsp, doc/vim-lsp.txt `vim-lsp-server_info`, and what autoload/lsp.vim reads beside it.
VIM_LSP_SERVER = {
    *("name", "cmd", "tcp", "allowlist", "blocklist", "root_uri", "env", "capabilities"),
    *("workspace_config", "languageId", "initialization_options", "config"),
}

# Everything that the snippet calls of vim-lsp, which then says what it was given as JSON.
VIM_LSP = """
function! lsp#register_server(server) abort
  let a:server.cmd = a:server.cmd({})
  let a:server.root_uri = a:server.root_uri({})
  call writefile([json_encode(a:server)], $SNIPPET_OUT)
endfunction
"""
VIM_LSP_UTILS = """
function! lsp#utils#path_to_uri(path) abort
  return 'file://' . a:path
endfunction
function! lsp#utils#get_buffer_path() abort
  return expand('%:p')
endfunction
function! lsp#utils#find_nearest_parent_file_directory(path, name) abort
  return fnamemodify(findfile(a:name, fnamemodify(a:path, ':h') . ';'), ':p:h')
endfunction
"""


def snippets(page: str, language: str) -> list[str]:
    """The code of one language on a page."""
    text = (EDITORS / page).read_text("utf-8")
    found = re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert found, f"{page} has no {language}"
    return found


def parsed(page: str) -> Any:
    """The one snippet of JSON on a page."""
    (text,) = snippets(page, "json")
    return json.loads(text)


def test_helix() -> None:
    (text,) = snippets("helix.md", "toml")
    given = tomllib.loads(text)
    assert set(given) == {"language-server", "language"}
    server = given["language-server"]["retort"]
    assert set(server) <= HELIX_SERVER
    assert [server["command"], *server["args"]] == SERVE
    assert {one["name"] for one in given["language"]} == {"elixir", "heex", "eex"}
    for one in given["language"]:
        assert set(one) <= HELIX_LANGUAGE and "retort" in one["language-servers"]
    assert given["language"][0]["language-servers"] == ["elixir-ls", "retort"]


def test_zed() -> None:
    given = parsed("zed.md")
    assert set(given) == {"lsp", "languages"}
    ((name, server),) = given["lsp"].items()
    assert name in ZED_ELIXIR_SERVERS and set(server) == {"binary"}
    assert set(server["binary"]) <= ZED_BINARY
    assert [Path(server["binary"]["path"]).name, *server["binary"]["arguments"]] == SERVE
    assert Path(server["binary"]["path"]).is_absolute()
    assert set(given["languages"]) == ZED_LANGUAGES
    for language in given["languages"].values():
        listed = language["language_servers"]
        assert name in listed and "elixir-ls" in listed
        assert {one.lstrip("!") for one in listed} - {"..."} == ZED_ELIXIR_SERVERS


def test_sublime() -> None:
    given = parsed("sublime.md")["retort"]
    assert set(given) <= SUBLIME_CLIENT
    assert given["command"] == SERVE and given["enabled"] is True
    assert {"source.elixir", "text.html.heex"} <= set(given["selector"].split(" | "))


def test_kate() -> None:
    given = parsed("kate.md")["servers"]["elixir"]
    assert set(given) <= KATE_SERVER
    assert given["command"] == SERVE and given["rootIndicationFileNames"] == ["mix.exs"]
    assert re.search(given["highlightingModeRegex"], "Elixir")


def test_coc() -> None:
    given = parsed("coc.md")["languageserver"]["retort"]
    assert set(given) <= COC_SERVER
    assert [given["command"], *given["args"]] == SERVE
    assert given["filetypes"] == ["elixir", "eelixir", "heex", "surface"]


def run_vim(commands: list[str], folder: Path, script: str, **env: str) -> str:
    """What Neovim says when it runs some lines of Vim's language."""
    source = folder / "snippet.vim"
    source.write_text(script, "utf-8")
    flags = [part for one in [f"source {source}", *commands, "qall!"] for part in ("-c", one)]
    done = subprocess.run(
        [neovim(), "--headless", "-n", "-u", "NONE", "--cmd", f"set rtp^={folder}", *flags],
        env={"PATH": f"{folder}:/usr/bin:/bin", "HOME": str(folder), **env},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("installed", [True, False])
def test_vim_lsp(tmp_path: Path, installed: bool) -> None:
    (text,) = snippets("vim-lsp.md", "vim")
    (tmp_path / "autoload" / "lsp").mkdir(parents=True)
    (tmp_path / "autoload" / "lsp.vim").write_text(VIM_LSP, "utf-8")
    (tmp_path / "autoload" / "lsp" / "utils.vim").write_text(VIM_LSP_UTILS, "utf-8")
    (tmp_path / "app" / "lib").mkdir(parents=True)
    (tmp_path / "app" / "mix.exs").touch()
    if installed:
        (tmp_path / "retort").touch(0o755)
    out = tmp_path / "given.json"
    steps = [f"edit {tmp_path}/app/lib/a.ex", "doautocmd User lsp_setup"]
    said = run_vim(steps, tmp_path, text, SNIPPET_OUT=str(out))
    assert out.exists() == installed, said
    if installed:
        given = json.loads(out.read_text("utf-8"))
        assert set(given) <= VIM_LSP_SERVER
        assert given["cmd"] == SERVE
        assert given["allowlist"] == ["elixir", "eelixir", "heex", "surface"]
        assert given["root_uri"] == f"file://{tmp_path}/app"


def test_all_pages_are_listed() -> None:
    listed = re.findall(r"\]\(([\w-]+\.md)\)", (EDITORS / "README.md").read_text("utf-8"))
    assert sorted(listed) == sorted(
        path.name for path in EDITORS.glob("*.md") if path.name != "README.md"
    )
