defmodule Shop.Pricing do
  @moduledoc "What things cost: the one place that multiplies money."

  alias Shop.Carts.CartItem
  alias Shop.Catalog
  alias Shop.Pricing.ExchangeRates

  @zero Decimal.new(0)

  @doc "Quantity times the price of today; what is no longer sold costs nothing."
  @spec line_total(CartItem.t()) :: Decimal.t()
  def line_total(%CartItem{product_id: product_id, quantity: quantity}) do
    case Catalog.price_of(product_id) do
      nil -> @zero
      price -> Decimal.mult(price, quantity)
    end
  end

  @doc "The sum of some amounts."
  @spec sum([Decimal.t()]) :: Decimal.t()
  def sum(amounts), do: Enum.reduce(amounts, @zero, &Decimal.add/2)

  @doc "An amount in another currency, at the last known rate, in whole cents."
  @spec convert(Decimal.t(), String.t()) :: {:ok, Decimal.t()} | {:error, :unknown_currency}
  def convert(amount, currency) do
    case ExchangeRates.rate(currency) do
      {:ok, rate} -> {:ok, amount |> Decimal.mult(rate) |> Decimal.round(2)}
      :error -> {:error, :unknown_currency}
    end
  end
end
