-- :checkhealth retort
local retort = require("retort")

local M = {}

local INSTALL = "`pipx install retort-lsp`, or name the command: vim.lsp.config('retort', { cmd = { … } })"

-- What a command prints, or nil where it cannot be run.
local function printed(command)
  local started, process = pcall(vim.system, command, { text = true })
  local done = started and process:wait(20000)
  if done and done.code == 0 then
    return vim.trim(done.stdout ~= "" and done.stdout or done.stderr)
  end
end

-- The Python that runs a script, by its first line; else the one on PATH.
local function python_of(path)
  if vim.fs.basename(path):find("^python") then
    return path
  end
  local file = io.open(path, "rb")
  local line = file and file:read(200) or ""
  if file then
    file:close()
  end
  return line:match("^#!(%S*python%S*)") or "python3"
end

local function check_python(python)
  local said = printed({ python, "--version" })
  local version = said and said:match("%d+%.%d+%.?%d*")
  if not version then
    vim.health.error("no Python: `" .. python .. "` does not run", "Install Python 3.11 or newer")
  elseif vim.version.lt(version, "3.11") then
    vim.health.error(("Python %s (%s) is too old"):format(version, python), "Retort needs Python 3.11 or newer")
  else
    vim.health.ok(("Python %s (%s)"):format(version, python))
  end
end

local function check_command()
  vim.health.start("retort: the command")
  local path = vim.fn.exepath(retort.command()[1])
  if path == "" then
    vim.health.error(("`%s` is not there"):format(retort.command()[1]), INSTALL)
    check_python("python3")
    return
  end
  vim.health.ok("found: " .. path)
  check_python(python_of(path))
  local version = printed(retort.command("--version"))
  if version then
    vim.health.ok("version: " .. version)
  else
    local words = ("`%s` does not run"):format(table.concat(retort.command("--version"), " "))
    vim.health.error(words, "Run it in a shell to see why")
  end
end

local function check_client(client)
  local buffers = vim.tbl_count(client.attached_buffers)
  vim.health.ok(("client %d looks at %d buffer%s"):format(client.id, buffers, buffers == 1 and "" or "s"))
  local root = client.root_dir or client.config.root_dir
  if root and vim.uv.fs_stat(vim.fs.joinpath(root, "mix.exs")) then
    vim.health.ok("root: " .. root)
  else
    vim.health.warn(
      "root: " .. (root or "none"),
      "There is no mix.exs: rules that join files of a project are silent"
    )
  end
  if vim.tbl_get(client.capabilities, "workspace", "didChangeWatchedFiles", "dynamicRegistration") then
    vim.health.ok("files that other programs change are noticed")
  else
    vim.health.info("files that other programs change are looked at again on :write and :RetortCheck")
  end
  local others = {}
  for buffer in pairs(client.attached_buffers) do
    for _, other in ipairs(vim.lsp.get_clients({ bufnr = buffer })) do
      if other.id ~= client.id then
        others[other.name] = true
      end
    end
  end
  local names = vim.tbl_keys(others)
  table.sort(names)
  vim.health.info(#names > 0 and "beside: " .. table.concat(names, ", ") or "no other server in these buffers")
end

function M.check()
  vim.health.start("retort: Neovim")
  if vim.fn.has("nvim-0.11") == 1 then
    vim.health.ok("started by vim.lsp.enable()")
  elseif vim.fn.has("nvim-0.10") == 1 then
    vim.health.ok("Neovim 0.10: started by an autocommand")
  else
    vim.health.error("Neovim 0.10 or newer is needed")
    return
  end
  check_command()
  vim.health.start("retort: the client")
  local clients = vim.lsp.get_clients({ name = "retort" })
  if #clients == 0 then
    vim.health.warn("no client runs", "Open an Elixir file; :LspLog or :lua =vim.lsp.get_log_path() names the log")
  end
  vim.iter(clients):each(check_client)
end

return M
