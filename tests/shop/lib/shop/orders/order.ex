defmodule Shop.Orders.Order do
  @moduledoc "What a customer has bought, with the prices of that day."

  use Ecto.Schema

  import Ecto.Changeset

  alias Shop.Accounts.{Address, User}
  alias Shop.Orders.OrderLine
  alias Shop.Payments.Payment

  @type t :: %__MODULE__{}

  @statuses [:placed, :paid, :shipped, :cancelled]

  schema "orders" do
    field :number, :string
    field :status, Ecto.Enum, values: @statuses, default: :placed
    field :total, :decimal
    field :note, :string

    belongs_to :user, User
    belongs_to :address, Address
    has_many :lines, OrderLine, preload_order: [asc: :id]
    has_many :payments, Payment

    timestamps(type: :utc_datetime)
  end

  def statuses, do: @statuses

  @doc "Only the note is the customer's to say; the context puts in all else."
  def place_changeset(order, attrs) do
    order
    |> cast(attrs, [:note])
    |> validate_length(:note, max: 500)
    |> unique_constraint(:number)
    |> foreign_key_constraint(:address_id)
  end

  @doc "Moves on to a status that may follow the one it has."
  def status_changeset(%__MODULE__{status: from} = order, to) do
    order
    |> change(status: to)
    |> validate_change(:status, fn :status, to ->
      if to in followers(from), do: [], else: [status: "cannot follow #{from}"]
    end)
  end

  defp followers(:placed), do: [:paid, :cancelled]
  defp followers(:paid), do: [:shipped, :cancelled]
  defp followers(_final), do: []
end
