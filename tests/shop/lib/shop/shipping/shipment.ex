defmodule Shop.Shipping.Shipment do
  @moduledoc "A parcel on its way."

  use Ecto.Schema

  import Ecto.Changeset

  @type t :: %__MODULE__{}

  schema "shipments" do
    field :tracking_code, :string
    field :status, Ecto.Enum, values: [:booked, :moving, :delivered, :lost], default: :booked

    belongs_to :order, Shop.Orders.Order

    timestamps(type: :utc_datetime)
  end

  def booked(order, tracking_code) do
    %__MODULE__{order_id: order.id}
    |> change(tracking_code: tracking_code)
    |> unique_constraint(:tracking_code)
    |> foreign_key_constraint(:order_id)
  end

  @doc "The carrier's own word for a state is taken as it is: an unknown one is an error."
  def status_changeset(shipment, attrs) do
    shipment
    |> cast(attrs, [:status])
    |> validate_required([:status])
  end
end
