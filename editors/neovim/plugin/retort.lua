-- Starts Retort in Elixir files and defines its commands.
if vim.g.loaded_retort then
  return
end
vim.g.loaded_retort = true

if vim.fn.has("nvim-0.10") == 0 then
  vim.notify("Retort needs Neovim 0.10 or newer", vim.log.levels.ERROR)
  return
end

if vim.v.vim_did_enter == 0 then
  require("retort").enable()
else -- loaded late: what follows, such as setup(), comes before the first start
  vim.schedule(require("retort").enable)
end

local function command(name, method, options)
  vim.api.nvim_create_user_command(name, function(given)
    require("retort.commands")[method](given)
  end, options)
end

command("RetortCheck", "check", { desc = "Check the whole project; the findings go to the quickfix list" })
command("RetortFixAll", "fix_all", { bang = true, desc = "Apply all safe fixes: of the file, with ! of the project" })
command("RetortTree", "tree", { desc = "Show the supervision tree" })
command("RetortExplain", "explain", {
  nargs = "?",
  desc = "Show the page of a rule, or of the finding under the cursor",
  complete = function(lead)
    return require("retort.commands").rules(lead)
  end,
})
