-- The user commands; plugin/retort.lua defines them.
local retort = require("retort")

local M = {}

local FIX_ALL = "source.fixAll.retort"

local function say(words, level)
  vim.notify("Retort: " .. words, level or vim.log.levels.INFO)
end

---@return vim.lsp.Client?
local function client_or_words()
  local client = retort.client()
  if not client then
    say("no server runs. Open a file of an Elixir project; :checkhealth retort says more.", vim.log.levels.WARN)
  end
  return client
end

-- The answer to a workspace command goes to `done`, unless there is none.
local function execute(command, done)
  local client = client_or_words()
  if not client then
    return
  end
  local function answered(failure, result)
    if failure then
      say(failure.message, vim.log.levels.WARN)
    elseif result then
      done(result)
    end
  end
  local params = { command = command }
  if vim.fn.has("nvim-0.11") == 1 then
    client:request("workspace/executeCommand", params, answered)
  else
    client.request("workspace/executeCommand", params, answered)
  end
end

-- A window below with text that cannot be changed; `q` closes it.
local function show(name, filetype, lines)
  local window = vim.fn.bufwinid(name)
  if window ~= -1 then
    vim.api.nvim_set_current_win(window)
  else
    vim.cmd("botright split")
  end
  local known = vim.fn.bufnr("^" .. vim.fn.escape(name, "[]*?\\") .. "$")
  local buffer = known ~= -1 and known or vim.api.nvim_create_buf(false, true)
  vim.api.nvim_win_set_buf(0, buffer)
  if known == -1 then
    vim.api.nvim_buf_set_name(buffer, name)
  end
  local options = vim.bo[buffer]
  options.buftype, options.bufhidden, options.swapfile, options.modifiable = "nofile", "wipe", false, true
  vim.api.nvim_buf_set_lines(buffer, 0, -1, false, lines)
  options.modifiable, options.filetype = false, filetype
  vim.keymap.set("n", "q", "<C-w>c", { buffer = buffer })
  return buffer
end

-- Whether the findings in a buffer are a client's; that of another project may run beside it.
local function looks_at(client, buffer)
  local attached = vim.lsp.get_clients({ name = "retort", bufnr = buffer })[1]
  if attached then
    return attached.id == client.id
  end
  local root = client.root_dir or client.config.root_dir
  return not root or vim.startswith(vim.api.nvim_buf_get_name(buffer), root .. "/")
end

--- Check the project and put its findings, also those of files that are not open, into the quickfix
--- list.
function M.check()
  local client = retort.client()
  execute("retort.checkWorkspace", function(summary)
    if summary.cancelled then
      return
    end
    local findings = vim.tbl_filter(function(one)
      return one.source == "retort" and looks_at(client, one.bufnr)
    end, vim.diagnostic.get())
    vim.fn.setqflist({}, " ", { title = summary.sentence, items = vim.diagnostic.toqflist(findings) })
    vim.cmd(#findings > 0 and "botright copen" or "cclose")
    vim.notify(summary.sentence, vim.log.levels.INFO)
  end)
end

--- Apply all safe fixes: of the file at once, so that it may stand in an autocommand before writing,
--- or with `!` of the project.
function M.fix_all(given)
  if given.bang then
    execute("retort.fixWorkspace", function() end) -- the server says how many
    return
  end
  local client = vim.lsp.get_clients({ name = "retort", bufnr = 0 })[1]
  if not client then
    say("no server looks at this file; :checkhealth retort says more.", vim.log.levels.WARN)
    return
  end
  local function ask(method, params)
    local request = client.request_sync
    local answer, failure
    if vim.fn.has("nvim-0.11") == 1 then
      answer, failure = request(client, method, params, 10000, 0)
    else
      answer, failure = request(method, params, 10000, 0)
    end
    failure = failure or answer and answer.err and answer.err.message
    if failure then
      say(failure, vim.log.levels.WARN)
    end
    return answer and answer.result
  end
  local params = {
    textDocument = vim.lsp.util.make_text_document_params(),
    range = { start = { line = 0, character = 0 }, ["end"] = { line = vim.api.nvim_buf_line_count(0), character = 0 } },
    context = { diagnostics = {}, only = { FIX_ALL } },
  }
  local action = (ask("textDocument/codeAction", params) or {})[1]
  if action and not action.edit then
    action = ask("codeAction/resolve", action)
  end
  if action and action.edit then
    vim.lsp.util.apply_workspace_edit(action.edit, client.offset_encoding)
  else
    say("nothing here has a safe fix")
  end
end

-- What `retort ARGUMENTS…` prints, or nil and its complaint.
local function run(...)
  local command = retort.command(...)
  if vim.fn.executable(command[1]) == 0 then
    return nil, ("the command `%s` is not there; :checkhealth retort says more."):format(command[1])
  end
  local done = vim.system(command, { text = true }):wait(20000)
  if done.code ~= 0 then
    return nil, vim.trim(done.stderr):match("Error: (.*)") or vim.trim(done.stderr)
  end
  return done.stdout
end

local known ---@type string[]?

--- The ids of rules that begin with some letters, or hold them.
---@param lead string
---@return string[]
function M.rules(lead)
  if not known then
    local text = run("rules", "--format", "json")
    known = text and vim.tbl_map(function(rule)
      return rule.id
    end, vim.json.decode(text))
  end
  return vim.tbl_filter(function(id)
    return id:find(lead, 1, true) ~= nil
  end, known or {})
end

-- The rule of the finding under the cursor, else of the line.
local function rule_here()
  local row, column = unpack(vim.api.nvim_win_get_cursor(0))
  local found
  for _, one in ipairs(vim.diagnostic.get(0, { lnum = row - 1 })) do
    if one.source == "retort" then
      local covers = one.col <= column and (one.end_lnum > row - 1 or column <= one.end_col)
      found = (covers or not found) and one.code or found
    end
  end
  return found
end

--- Show the page of a rule.
function M.explain(given)
  local rule = given.args ~= "" and given.args or rule_here()
  if not rule then
    say("nothing is found in this line; name a rule, such as :RetortExplain ecto/n-plus-one")
    return
  end
  local text, complaint = run("explain", rule)
  if text then
    show("retort://" .. rule, "markdown", vim.split(vim.trim(text), "\n"))
  else
    say(complaint, vim.log.levels.WARN)
  end
end

-- Where each line of the drawn trees leads to; false for lines that lead nowhere.
local function places(trees)
  local found = {}
  local function add(tree)
    table.insert(found, tree.location or false)
    vim.iter(tree.children):each(add)
    if not tree.complete then
      table.insert(found, false)
    end
  end
  for number, tree in ipairs(trees) do
    if number > 1 then
      table.insert(found, false)
    end
    add(tree)
  end
  return found
end

--- Show the supervision tree; Enter goes to where a process is started.
function M.tree()
  local client = retort.client()
  execute("retort.supervisionTree", function(answer)
    local buffer = show("retort://tree", "retorttree", vim.split(answer.text, "\n"))
    local leads = places(answer.trees)
    vim.keymap.set("n", "<CR>", function()
      local place = leads[vim.api.nvim_win_get_cursor(0)[1]]
      if place and place.range then
        vim.cmd("wincmd p")
        vim.lsp.util.show_document(place, client.offset_encoding, { focus = true })
      end
    end, { buffer = buffer })
  end)
end

return M
