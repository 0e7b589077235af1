defmodule Shop.GiftCards.GiftCard do
  @moduledoc "A card that was paid for and buys something later."

  use Ecto.Schema

  import Ecto.Changeset

  @type t :: %__MODULE__{}

  schema "gift_cards" do
    field :code, :string
    field :serial, :string
    field :balance, :float, default: 0.0 # error: [ecto/float-money]
    field :redeem_token, :string # error: [ecto/unredacted-field]

    timestamps(type: :utc_datetime)
  end

  def sale_changeset(card, attrs) do
    card
    |> cast(attrs, [:code, :serial, :balance]) # error: [ecto/missing-constraint-call]
    |> validate_required([:code, :serial])
    |> unique_constraint(:serial) # error: [ecto/missing-unique-index]
  end
end
