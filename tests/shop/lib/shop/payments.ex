defmodule Shop.Payments do
  @moduledoc "The payment company: charging, and what it tells us later."

  alias Shop.Http
  alias Shop.Orders.Order
  alias Shop.Payments.Payment
  alias Shop.Repo

  require Logger

  @doc "Charges an order once, however often it is called for that order."
  @spec charge(Order.t(), String.t()) ::
          {:ok, String.t()} | {:error, :declined | :unavailable | Exception.t()}
  def charge(%Order{} = order, card) do
    options = [
      method: :post,
      url: "/v1/charges",
      headers: [{"idempotency-key", order.number}],
      json: %{amount: order.total, currency: "EUR", source: card}
    ]

    case Http.request(:payments, config() ++ options) do
      {:ok, %Req.Response{status: 201, body: %{"reference" => reference}}} -> {:ok, reference}
      {:ok, %Req.Response{status: 402}} -> {:error, :declined}
      {:ok, %Req.Response{status: status}} -> unexpected(order, status)
      {:error, reason} -> {:error, reason}
    end
  end

  @doc "Writes down a payment; part of the order's transaction."
  def record(%Order{} = order, reference) do
    order |> Payment.of_order(reference) |> Repo.insert()
  end

  @doc "Remembers that the money has arrived. Webhooks come more than once."
  @spec settle(String.t()) :: {:ok, Payment.t()} | {:error, :not_found | Ecto.Changeset.t()}
  def settle(reference) do
    case Repo.get_by(Payment, reference: reference) do
      nil ->
        {:error, :not_found}

      %Payment{settled_at: nil} = payment ->
        payment |> Payment.settle_changeset() |> Repo.update()

      settled ->
        {:ok, settled}
    end
  end

  defp unexpected(order, status) do
    Logger.error("charge failed", order_id: order.id, reason: status)
    {:error, :unavailable}
  end

  defp config do
    config = Application.fetch_env!(:shop, __MODULE__)

    [base_url: Keyword.fetch!(config, :base_url), auth: {:bearer, config[:api_key]}] ++
      Keyword.get(config, :req_options, [])
  end
end
