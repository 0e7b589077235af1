defmodule Shop.Shipping do
  @moduledoc "Parcels: booking them with the carrier and following them."

  import Ecto.Query

  alias Shop.Http
  alias Shop.Orders.Order
  alias Shop.Repo
  alias Shop.Shipping.{Shipment, Tracker}

  @doc "Books an order's parcel, once. Asks the carrier: call it from a job."
  @spec book(Order.t()) :: {:ok, Shipment.t()} | {:error, term()}
  def book(%Order{} = order) do
    case shipment_of(order) do
      nil -> book_new(order)
      shipment -> {:ok, shipment}
    end
  end

  @doc "The newest parcel of an order, if it was booked."
  @spec shipment_of(Order.t()) :: Shipment.t() | nil
  def shipment_of(%Order{id: order_id}) do
    Repo.one(from s in Shipment, where: s.order_id == ^order_id, order_by: [desc: s.id], limit: 1)
  end

  @doc "Takes in what the carrier says of a parcel."
  @spec update_status(String.t(), map()) ::
          {:ok, Shipment.t()} | {:error, :not_found | Ecto.Changeset.t()}
  def update_status(code, attrs) do
    with %Shipment{} = shipment <- Repo.get_by(Shipment, tracking_code: code),
         {:ok, shipment} <- shipment |> Shipment.status_changeset(attrs) |> Repo.update() do
      :ok = Tracker.report(code, shipment.status)
      {:ok, shipment}
    else
      nil -> {:error, :not_found}
      {:error, changeset} -> {:error, changeset}
    end
  end

  @doc "When a parcel that takes so many days arrives, in words."
  @spec arrival(term()) :: String.t() | nil
  def arrival(days) do
    Date.utc_today() |> Date.add(days) |> Calendar.strftime("%A, %d %B")
  rescue
    _ -> nil # error: [errors/swallowed-exception]
  end

  defp book_new(order) do
    with {:ok, code} <- request_label(order),
         {:ok, shipment} <- order |> Shipment.booked(code) |> Repo.insert(),
         {:ok, _tracker} <- Tracker.follow(shipment.tracking_code) do
      {:ok, shipment}
    end
  end

  defp request_label(order) do
    config = Application.fetch_env!(:shop, __MODULE__)

    options = [
      method: :post,
      base_url: Keyword.fetch!(config, :base_url),
      url: "/labels",
      headers: [{"idempotency-key", order.number}],
      json: %{postcode: order.address.postcode, country: order.address.country}
    ]

    case Http.request(:carrier, options ++ Keyword.get(config, :req_options, [])) do
      {:ok, %Req.Response{status: 201, body: %{"tracking_code" => code}}} -> {:ok, code}
      {:ok, %Req.Response{status: status}} -> {:error, {:status, status}}
      {:error, reason} -> {:error, reason}
    end
  end
end
