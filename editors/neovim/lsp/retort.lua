-- Neovim 0.11+: copy this file to ~/.config/nvim/lsp/retort.lua and say vim.lsp.enable("retort").
-- It works beside elixir-ls, Expert or Lexical and touches none of their settings.
return {
  cmd = { "retort", "serve" },
  filetypes = { "elixir", "eelixir", "heex" },
  -- An umbrella's root is the outermost mix.exs; Retort finds it from any folder below.
  root_markers = { ".retort.toml", "mix.lock", "mix.exs", ".git" },
  -- Whatever .retort.toml can hold may stand here too; it wins over the file.
  settings = { retort = {} },
}
