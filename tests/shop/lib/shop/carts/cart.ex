defmodule Shop.Carts.Cart do
  @moduledoc "What a customer is about to buy. Everybody has one at most."

  use Ecto.Schema

  alias Shop.Accounts.User
  alias Shop.Carts.CartItem

  @type t :: %__MODULE__{}

  schema "carts" do
    belongs_to :user, User
    has_many :items, CartItem, preload_order: [asc: :id]

    timestamps(type: :utc_datetime)
  end
end
