-- Drives the plugin in places that are not one tidy project: two projects, none, one that cannot be
-- written, one whose files another program changes.
local steps = dofile(vim.fs.dirname(vim.env.TOUR_SCRIPT) .. "/neovim_steps.lua")
local seen, await, squiggles, choose = steps.seen, steps.await, steps.squiggles, steps.choose
local RULE = "liveview/push-redirect"

local function said()
  return vim.fn.execute("messages")
end

local function squiggle(rule)
  await("a squiggle of " .. rule, function()
    return #squiggles(rule) > 0
  end)
  return squiggles(rule)[1]
end

-- The summary of one check, and the files in the quickfix list.
local function check()
  vim.cmd("messages clear | RetortCheck")
  await("the check", function()
    return said():find("Retort:? %S+ find") ~= nil
  end, 60000)
  local files = vim.tbl_map(function(one)
    return vim.api.nvim_buf_get_name(one.bufnr)
  end, vim.fn.getqflist())
  vim.cmd("cclose")
  return { said = vim.trim(said()), files = files }
end

local function two_roots()
  squiggle(RULE)
  seen.severities = {}
  for _, root in ipairs({ "alpha", "beta" }) do
    vim.cmd.edit(vim.env.TOUR_PLACES .. "/" .. root .. "/lib/page.ex")
    table.insert(seen.severities, squiggle(RULE).severity)
  end
  seen.beta = check()
  vim.cmd.edit(vim.env.TOUR_PLACES .. "/alpha/lib/page.ex")
  seen.alpha = check()
  seen.clients = #vim.lsp.get_clients({ name = "retort" })
end

local function no_project()
  seen.squiggle = squiggle("security/code-eval").lnum
  seen.check = check()
  vim.cmd("RetortTree")
  await("the tree", function()
    return vim.api.nvim_buf_get_name(0):find("retort://tree", 1, true) ~= nil
  end)
  seen.tree = steps.text()
  vim.cmd("silent! only | checkhealth retort")
  seen.health = steps.text()
  seen.messages = said()
end

local function read_only()
  squiggle(RULE)
  seen.check = check().said
  choose(squiggles(RULE)[1], "push_navigate")
  await("the fix", function()
    return steps.text():find("push_navigate") ~= nil
  end)
  local _, why = pcall(vim.cmd.write)
  seen.why = why
  vim.cmd("messages clear | edit! " .. vim.env.TOUR_MIGRATION)
  await("the client", function() -- the squiggle is there already, from the check
    return #vim.lsp.get_clients({ bufnr = 0 }) > 0
  end)
  choose(squiggles("ecto/missing-fk-index")[1], "in a new migration")
  await("the reason", function()
    return said():find("cannot be written") ~= nil
  end)
  seen.messages = said()
end

vim.schedule(function()
  steps.run(({ two_roots = two_roots, no_project = no_project, read_only = read_only })[vim.env.TOUR_KIND])
end)
