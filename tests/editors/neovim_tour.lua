-- Drives a headless Neovim through what a user does first; writes what it saw as JSON.
local seen = {}

local function finish()
  local file = assert(io.open(vim.env.TOUR_OUT, "w"))
  file:write(vim.json.encode(seen))
  file:close()
end

local function await(what, condition, milliseconds)
  if not vim.wait(milliseconds or 20000, condition, 20) then
    error("waited in vain for " .. what)
  end
end

local function plain(diagnostics)
  return vim.tbl_map(function(one)
    return { code = one.code, lnum = one.lnum, col = one.col, source = one.source, message = one.message }
  end, diagnostics)
end

local function tour()
  vim.filetype.add({ extension = { ex = "elixir", exs = "elixir", heex = "heex" } })
  vim.lsp.config("retort", {
    cmd = { vim.env.TOUR_SERVER, "-m", "lsp_server", "serve" },
    filetypes = { "elixir", "heex" },
    root_dir = vim.env.TOUR_ROOT,
  })
  vim.lsp.enable("retort")
  vim.cmd.edit(vim.env.TOUR_PAGE)
  vim.bo.filetype = "elixir"
  await("the client", function()
    return #vim.lsp.get_clients({ bufnr = 0 }) > 0
  end)

  local function squiggles()
    return vim.tbl_filter(function(one)
      return one.code == "liveview/push-redirect"
    end, vim.diagnostic.get(0))
  end
  await("the squiggle", function()
    return #squiggles() == 1
  end)
  seen.diagnostics = plain(vim.diagnostic.get(0))

  local squiggle = squiggles()[1]
  vim.api.nvim_win_set_cursor(0, { squiggle.lnum + 1, squiggle.col })
  vim.lsp.buf.code_action({
    apply = true,
    filter = function(action)
      return action.title:find("push_navigate", 1, true) ~= nil
    end,
  })
  await("the fix", function()
    return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n"):find("push_navigate") ~= nil
  end)
  seen.fixed = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
  await("the end of the squiggle", function()
    return #squiggles() == 0
  end)
  seen.after = plain(vim.diagnostic.get(0))

  local client = vim.lsp.get_clients({ bufnr = 0 })[1]
  local answer = client:request_sync("workspace/executeCommand", { command = "retort.checkWorkspace" }, 60000, 0)
  assert(answer and answer.result, "the workspace command gave no result")
  seen.summary = { findings = answer.result.findings }
end

local ok, message = pcall(tour)
if not ok then
  seen.error = tostring(message)
end
finish()
vim.cmd("qall!")
