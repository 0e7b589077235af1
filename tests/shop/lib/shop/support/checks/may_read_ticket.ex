defmodule Shop.Support.Checks.MayReadTicket do
  @moduledoc "Who may read a ticket may add to it."

  use Ash.Policy.SimpleCheck

  alias Shop.Support

  @impl true
  def describe(_opts), do: "actor may read the ticket"

  @impl true
  def match?(actor, %{changeset: changeset}, _opts) do
    id = Ash.Changeset.get_attribute(changeset, :ticket_id)
    match?({:ok, _ticket}, Support.get_ticket(id, actor: actor))
  end
end
