-- What the tours of Neovim have in common.
local M = { seen = {} }

function M.await(what, condition, milliseconds)
  if not vim.wait(milliseconds or 20000, condition, 20) then
    error("waited in vain for " .. what)
  end
end

-- The squiggles of one rule in the current buffer.
function M.squiggles(code)
  return vim.tbl_filter(function(one)
    return one.code == code
  end, vim.diagnostic.get(0))
end

function M.text()
  return table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
end

-- Puts the cursor on a squiggle and chooses the one action whose title holds some words.
function M.choose(squiggle, words)
  vim.api.nvim_win_set_cursor(0, { squiggle.lnum + 1, squiggle.col })
  vim.lsp.buf.code_action({
    apply = true,
    filter = function(action)
      return action.title:find(words, 1, true) ~= nil
    end,
  })
end

-- Runs a tour, writes what it saw as JSON, and ends Neovim.
function M.run(tour)
  local ok, message = xpcall(tour, debug.traceback)
  if not ok then
    M.seen.error = message
    M.seen.messages = vim.fn.execute("messages")
  end
  local file = assert(io.open(vim.env.TOUR_OUT, "w"))
  file:write(vim.json.encode(M.seen))
  file:close()
  vim.cmd("qall!")
end

return M
