defmodule Shop.Support.CannedReplies do
  @moduledoc "Answers that the helpdesk has at hand."

  alias Shop.Repo

  @doc "Takes an answer away."
  def delete_reply(reply) do
    Repo.delete(reply) # error: [security/audit-trail]
  end
end
