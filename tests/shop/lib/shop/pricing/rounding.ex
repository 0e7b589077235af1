defmodule Shop.Pricing.Rounding do
  @moduledoc "Prices as they are shown: to the nearest five cents where coins are that large."

  require Logger

  @doc "Rounds a price for a currency."
  @spec round!(Decimal.t(), String.t()) :: Decimal.t()
  def round!(price, "CHF"), do: to_steps(price, 20)
  def round!(price, currency) when currency in ["EUR", "USD"], do: Decimal.round(price, 2)

  def round!(_price, currency) do
    Logger.error("No rule for prices in #{currency}") # error: [errors/log-without-metadata]
    raise "cannot round #{currency}" # error: [errors/bare-raise-string]
  end

  defp to_steps(price, steps) do
    price |> Decimal.mult(steps) |> Decimal.round(0) |> Decimal.div(steps)
  end
end
