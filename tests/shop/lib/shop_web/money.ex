defmodule ShopWeb.Money do
  @moduledoc "Amounts as people read them."

  @doc """
  An amount in euros.

      iex> ShopWeb.Money.euros(Decimal.new("12.5"))
      "€12.50"
  """
  @spec euros(Decimal.t()) :: String.t()
  def euros(amount), do: "€" <> (amount |> Decimal.round(2) |> Decimal.to_string(:normal))
end
