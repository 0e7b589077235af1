defmodule Shop.Accounts.Address do
  @moduledoc "Where a customer's parcels go."

  use Ecto.Schema

  import Ecto.Changeset

  alias Shop.Accounts.User

  @type t :: %__MODULE__{}

  @countries ~w(AT BE CH DE FR NL)

  schema "addresses" do
    field :line, :string
    field :postcode, :string
    field :city, :string
    field :country, :string

    belongs_to :user, User

    timestamps(type: :utc_datetime)
  end

  def countries, do: @countries

  @doc "The owner is put in by the context and never cast."
  def changeset(address, attrs) do
    address
    |> cast(attrs, [:line, :postcode, :city, :country])
    |> update_change(:country, &String.upcase/1)
    |> validate_required([:line, :postcode, :city, :country])
    |> validate_inclusion(:country, @countries)
    |> check_constraint(:country, name: :addresses_country_is_known)
    |> foreign_key_constraint(:user_id)
  end
end
