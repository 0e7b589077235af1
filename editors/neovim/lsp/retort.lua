-- Retort for Neovim 0.11+. This one file is enough: copy it to ~/.config/nvim/lsp/retort.lua and say
-- vim.lsp.enable("retort"). It works beside elixir-ls, Expert or Lexical and touches none of their
-- settings.

---@param folder string
local function is_umbrella(folder)
  local file = io.open(vim.fs.joinpath(folder, "mix.exs"))
  local text = file and file:read("*a") or ""
  if file then
    file:close()
  end
  return text:find("apps_path", 1, true) ~= nil
end

-- The nearest folder with a mix.exs; for an app of an umbrella, the umbrella. Without any mix.exs the
-- nearest folder with .retort.toml or .git; nil for a file that belongs to nothing.
---@param path string
---@return string?
local function find_root(path)
  local mixed
  for _, file in ipairs(vim.fs.find("mix.exs", { path = path, upward = true, limit = math.huge })) do
    local folder = vim.fs.dirname(file)
    if not mixed or (vim.startswith(mixed, folder .. "/apps/") and is_umbrella(folder)) then
      mixed = folder
    end
  end
  return mixed or vim.fs.root(path, { ".retort.toml", ".git" })
end

local COMMAND = { "retort", "serve" }

local server = {
  -- A function, as 0.11 only logs that a command in a table is missing; a table may stand here too.
  cmd = function(dispatchers)
    return vim.lsp.rpc.start(COMMAND, dispatchers)
  end,
  filetypes = { "elixir", "eelixir", "heex", "surface", "toml" }, -- of TOML only .retort.toml
  -- Whatever .retort.toml can hold may stand here too; it wins over the file.
  settings = { retort = {} },
}

function server.root_dir(buffer, start)
  local path = vim.api.nvim_buf_get_name(buffer)
  if path == "" or (vim.bo[buffer].filetype == "toml" and vim.fs.basename(path) ~= ".retort.toml") then
    return
  end
  local cmd = (vim.lsp.config and vim.lsp.config.retort or server).cmd
  local program = (type(cmd) == "table" and cmd or COMMAND)[1]
  if vim.fn.executable(program) == 0 then
    local words = "Retort: the command `%s` is not there. `pipx install retort-lsp` brings it; "
      .. ":checkhealth retort says more."
    vim.schedule(function() -- what is said while a file is being read is not shown
      vim.notify_once(words:format(program), vim.log.levels.WARN)
    end)
    return
  end
  start(find_root(path))
end

return server
