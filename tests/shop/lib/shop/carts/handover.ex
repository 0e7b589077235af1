defmodule Shop.Carts.Handover do
  @moduledoc "Gives a cart to another account of the same customer, whose own cart it replaces."

  alias Shop.Accounts.User
  alias Shop.Carts.Cart
  alias Shop.Repo

  @doc "The cart as that of the other account."
  def hand_over(%Cart{} = cart, %User{} = user, %Cart{} = replaced) do
    {:ok, _replaced} = Repo.delete(replaced) # error: [ecto/multi-write]
    cart |> Ecto.Changeset.change(user_id: user.id) |> Repo.update()
  end
end
