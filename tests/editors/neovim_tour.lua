-- Drives a headless Neovim through what a user does first; writes what it saw as JSON.
local steps = dofile(vim.fs.dirname(arg[0]) .. "/neovim_steps.lua")
local seen, await, choose, squiggles, text = steps.seen, steps.await, steps.choose, steps.squiggles, steps.text

local function plain(diagnostics)
  return vim.tbl_map(function(one)
    return { code = one.code, lnum = one.lnum, col = one.col, source = one.source, message = one.message }
  end, diagnostics)
end

local function open(path)
  vim.cmd.edit(path)
  vim.bo.filetype = "elixir"
  await("the client", function()
    return #vim.lsp.get_clients({ bufnr = 0 }) > 0
  end)
end

local function tour()
  vim.filetype.add({ extension = { ex = "elixir", exs = "elixir", heex = "heex" } })
  vim.lsp.config("retort", {
    cmd = { vim.env.TOUR_SERVER, "-m", "lsp_server", "serve" },
    filetypes = { "elixir", "heex" },
    root_dir = vim.env.TOUR_ROOT,
  })
  vim.lsp.enable("retort")

  -- A squiggle, its fix, and the end of it.
  open(vim.env.TOUR_PAGE)
  await("the squiggle", function()
    return #squiggles("liveview/push-redirect") == 1
  end)
  seen.diagnostics = plain(vim.diagnostic.get(0))
  choose(squiggles("liveview/push-redirect")[1], "push_navigate")
  await("the fix", function()
    return text():find("push_navigate") ~= nil
  end)
  seen.fixed = text()
  await("the end of the squiggle", function()
    return #squiggles("liveview/push-redirect") == 0
  end)
  vim.cmd("silent undo")
  await("the squiggle after undo", function()
    return #squiggles("liveview/push-redirect") == 1
  end)
  vim.cmd("silent redo")

  -- A finding that joins many files, and a fix that writes a new one.
  open(vim.env.TOUR_MIGRATION)
  await("the project's finding", function()
    return #squiggles("ecto/missing-fk-index") == 1
  end)
  choose(squiggles("ecto/missing-fk-index")[1], "in a new migration")
  await("the new migration", function()
    for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
      local name = vim.api.nvim_buf_get_name(buffer)
      local lines = table.concat(vim.api.nvim_buf_get_lines(buffer, 0, -1, false), "\n")
      if name ~= vim.env.TOUR_MIGRATION and lines:find("create index", 1, true) then
        seen.created = { name = name, text = lines }
        return true
      end
    end
  end)

  -- Everything at once, as the buffers are.
  local client = vim.lsp.get_clients({ bufnr = 0 })[1]
  local answer = client:request_sync("workspace/executeCommand", { command = "retort.checkWorkspace" }, 60000, 0)
  assert(answer and answer.result, "the workspace command gave no result")
  seen.rules = answer.result.rules
  seen.files = 0
  for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
    if #vim.diagnostic.get(buffer) > 0 then
      seen.files = seen.files + 1
    end
  end
end

steps.run(tour)
