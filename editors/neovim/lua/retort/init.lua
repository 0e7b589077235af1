-- How the server is started, on Neovim 0.11 by `vim.lsp.enable`, on 0.10 by an autocommand.
local M = {}

local modern = vim.fn.has("nvim-0.11") == 1
local old ---@type table? the configuration on 0.10

--- What lsp/retort.lua says, and the user over it.
---@return table
function M.config()
  if modern then
    return vim.lsp.config.retort
  end
  old = old or dofile(vim.api.nvim_get_runtime_file("lsp/retort.lua", false)[1])
  return old
end

--- Change the configuration, as `vim.lsp.config("retort", options)` does on 0.11.
---@param options? table
function M.setup(options)
  if modern then
    vim.lsp.config("retort", options or {})
    return
  end
  local config = M.config() -- changed in place, as its functions look at it
  for name, value in pairs(options or {}) do
    config[name] = value
  end
end

--- Start the server in the files it is for.
function M.enable()
  if modern then
    vim.lsp.enable("retort")
    return
  end
  local config = M.config()
  local function attach(buffer)
    if vim.bo[buffer].buftype == "" and vim.tbl_contains(config.filetypes, vim.bo[buffer].filetype) then
      config.root_dir(buffer, function(root)
        local started = vim.tbl_extend("force", config, { name = "retort", root_dir = root })
        vim.lsp.start(started, { bufnr = buffer })
      end)
    end
  end
  vim.api.nvim_create_autocmd("FileType", {
    group = vim.api.nvim_create_augroup("retort", {}),
    callback = function(event)
      attach(event.buf)
    end,
  })
  vim.iter(vim.api.nvim_list_bufs()):filter(vim.api.nvim_buf_is_loaded):each(attach)
end

--- The client of the current buffer, else any.
---@return vim.lsp.Client?
function M.client()
  return vim.lsp.get_clients({ name = "retort", bufnr = 0 })[1] or vim.lsp.get_clients({ name = "retort" })[1]
end

--- The command line `retort ARGUMENTS…`, by whatever starts the server.
---@param ... string
---@return string[]
function M.command(...)
  local command = {}
  for _, word in ipairs(type(M.config().cmd) == "table" and M.config().cmd or { "retort" }) do
    if word == "serve" then
      break
    end
    table.insert(command, word)
  end
  return vim.list_extend(command, { ... })
end

return M
