-- Drives the plugin as it is installed: every command, beside a second server, in an umbrella.
local here = vim.fs.dirname(vim.env.TOUR_SCRIPT)
local steps = dofile(here .. "/neovim_steps.lua")
local seen, await, squiggles = steps.seen, steps.await, steps.squiggles
local RULE = "liveview/push-redirect"

local function client(buffer)
  return vim.lsp.get_clients({ name = "retort", bufnr = buffer or 0 })[1]
end

-- What Neovim says of itself at one place: the text of `:checkhealth retort`.
local function health()
  vim.cmd("checkhealth retort")
  local text = steps.text()
  vim.cmd("bwipeout!")
  return text
end

local function alone()
  vim.cmd("silent! only")
end

-- A server in this process that has something to say about each file, in its own encoding.
local asked = {}
local function other_server(dispatchers)
  local function request(method, params, callback)
    table.insert(asked, method)
    if method == "initialize" then
      callback(nil, {
        capabilities = {
          positionEncoding = "utf-16",
          codeActionProvider = true,
          executeCommandProvider = { commands = { "other.command" } },
          textDocumentSync = 1,
        },
      })
    elseif method == "textDocument/codeAction" then
      callback(nil, { { title = "What the other one offers", kind = "quickfix" } })
    else
      callback(nil, vim.NIL)
    end
    return true, #asked
  end
  local function notify(method, params)
    if method == "textDocument/didOpen" then
      local place = { line = 0, character = 0 }
      dispatchers.notification("textDocument/publishDiagnostics", {
        uri = params.textDocument.uri,
        diagnostics = { { range = { start = place, ["end"] = place }, message = "other", source = "other" } },
      })
    end
    return true
  end
  local closing = false
  return {
    request = request,
    notify = notify,
    is_closing = function()
      return closing
    end,
    terminate = function()
      closing = true
    end,
  }
end

local function quickfix()
  local list = vim.fn.getqflist({ title = 1, items = 1, winid = 1 })
  local items = vim.tbl_map(function(one)
    local loaded = vim.api.nvim_buf_is_loaded(one.bufnr)
    return { path = vim.api.nvim_buf_get_name(one.bufnr), lnum = one.lnum, col = one.col, text = one.text, loaded = loaded }
  end, list.items)
  return { title = list.title, items = items, visible = list.winid ~= 0 }
end

local function commands()
  await("the client of the file that Neovim was started with", function()
    return client() ~= nil
  end)
  await("the squiggle", function()
    return #squiggles(RULE) == 1
  end)
  seen.seconds = (vim.uv.hrtime() - started_at) / 1e9
  seen.root = client().root_dir
  seen.encoding = client().offset_encoding
  local place = squiggles(RULE)[1]
  seen.squiggle = { lnum = place.lnum, col = place.col, end_col = place.end_col }

  -- The other server sits in the same buffer and keeps its squiggle.
  seen.clients = vim.tbl_map(function(one)
    return one.name
  end, vim.lsp.get_clients({ bufnr = 0 }))
  seen.others = vim.tbl_filter(function(one)
    return one.source == "other"
  end, vim.diagnostic.get(0))
  seen.other_settings = vim.lsp.config.elixirls.settings

  -- The page of the rule under the cursor, and of one that is named.
  vim.api.nvim_win_set_cursor(0, { place.lnum + 1, place.col })
  vim.cmd("RetortExplain")
  seen.page = { name = vim.api.nvim_buf_get_name(0), text = steps.text(), changeable = vim.bo.modifiable }
  vim.api.nvim_feedkeys("q", "xt", false)
  seen.page_closed = #vim.api.nvim_list_wins() == 1
  vim.cmd("RetortExplain ecto/n-plus-one")
  seen.other_page = steps.text()
  alone()
  seen.completed = vim.fn.getcompletion("RetortExplain push-red", "cmdline")
  vim.cmd("RetortExplain ecto/n-plus-two")
  seen.no_rule = vim.fn.execute("messages")

  vim.cmd.buffer(vim.env.TOUR_PAGE)
  vim.cmd("RetortTree")
  await("the tree", function()
    return vim.api.nvim_buf_get_name(0):find("retort://tree", 1, true) ~= nil
  end)
  seen.tree = steps.text()
  vim.fn.search("Repo")
  vim.api.nvim_feedkeys(vim.keycode("<CR>"), "xt", false)
  seen.led_to = { vim.api.nvim_buf_get_name(0), vim.api.nvim_get_current_line() }
  alone()

  vim.cmd.edit(vim.env.TOUR_PAGE)
  vim.cmd("RetortCheck")
  await("the quickfix list", function()
    return vim.fn.getqflist({ title = 1 }).title:find("Retort: %d") ~= nil
  end, 60000)
  seen.quickfix = quickfix()
  alone()

  -- Fixes: of the file at once, once more for nothing, then of the project.
  vim.cmd.edit(vim.env.TOUR_PAGE)
  asked = {}
  vim.cmd("RetortFixAll")
  seen.fixed = steps.text()
  seen.asked = asked
  await("the end of the squiggle", function()
    return #squiggles(RULE) == 0
  end)
  vim.cmd("RetortFixAll")
  seen.nothing = vim.fn.execute("messages")
  vim.cmd("RetortFixAll!")
  await("the project's fixes", function()
    return vim.fn.execute("messages"):find("safe fix") ~= nil
      and vim.iter(vim.api.nvim_list_bufs()):any(function(buffer)
        return vim.bo[buffer].modified and buffer ~= vim.api.nvim_get_current_buf()
      end)
  end, 60000)
  seen.changed = vim.iter(vim.api.nvim_list_bufs()):filter(function(buffer)
    return vim.bo[buffer].modified
  end):map(vim.api.nvim_buf_get_name):totable()

  -- A configuration with an error has its squiggle; other TOML has no server.
  vim.cmd("silent wall | edit " .. vim.env.TOUR_ROOT .. "/.retort.toml")
  await("the squiggle in .retort.toml", function()
    return #vim.diagnostic.get(0) > 0
  end)
  seen.configuration = vim.diagnostic.get(0)[1].message
  vim.cmd.edit(vim.env.TOUR_ROOT .. "/other.toml")
  vim.wait(300)
  seen.toml_clients = #vim.lsp.get_clients({ bufnr = 0, name = "retort" })

  -- An umbrella has one client, at its root; a project that merely lies below has its own.
  seen.roots = {}
  for _, path in ipairs({ "apps/a/lib/a.ex", "apps/b/lib/b.ex", "examples/c/lib/c.ex" }) do
    vim.cmd.edit(vim.env.TOUR_UMBRELLA .. "/" .. path)
    await("the client of " .. path, function()
      return client() ~= nil
    end)
    table.insert(seen.roots, client().root_dir)
  end
  seen.ids = vim.tbl_count(vim.lsp.get_clients({ name = "retort" }))

  vim.cmd.edit(vim.env.TOUR_PAGE)
  seen.health = health()
  vim.cmd("help :RetortCheck")
  seen.help = vim.api.nvim_get_current_line()
  alone()
end

local function missing()
  await("words about the missing command", function()
    return vim.fn.execute("messages"):find("pipx install retort%-lsp") ~= nil
  end)
  vim.cmd("RetortCheck")
  vim.cmd("RetortFixAll")
  vim.cmd("RetortExplain ecto/n-plus-one")
  seen.completed = vim.fn.getcompletion("RetortExplain ecto", "cmdline")
  vim.cmd.edit(vim.env.TOUR_PAGE .. "s") -- said once, not in each file
  vim.wait(100)
  seen.messages = vim.fn.execute("messages")
  seen.clients = #vim.lsp.get_clients()
  seen.health = health()
end

-- What a Neovim without vim.lsp.enable does.
local function old()
  await("the squiggle", function()
    return #squiggles(RULE) == 1
  end)
  seen.root = client().config.root_dir
  vim.cmd("RetortFixAll")
  seen.fixed = steps.text()
  vim.cmd("RetortCheck")
  await("the quickfix list", function()
    return vim.fn.getqflist({ title = 1 }).title:find("Retort: %d") ~= nil
  end, 60000)
  seen.quickfix = quickfix()
  seen.health = health()
  seen.messages = vim.fn.execute("messages")
end

if vim.env.TOUR_KIND == "commands" then
  vim.lsp.config("elixirls", {
    cmd = other_server,
    filetypes = { "elixir" },
    root_dir = vim.env.TOUR_ROOT,
    settings = { elixirLS = { dialyzerEnabled = false } },
  })
  vim.lsp.enable("elixirls")
end
vim.schedule(function()
  steps.run(({ commands = commands, missing = missing, old = old })[vim.env.TOUR_KIND])
end)
