defmodule Shop.Pricing.RatesClient do
  @moduledoc "The bank's table of exchange rates."

  alias Shop.Http

  @doc "Rates by currency, as seen from the euro."
  @spec latest() :: {:ok, %{String.t() => Decimal.t()}} | {:error, term()}
  def latest do
    config = Application.fetch_env!(:shop, Shop.Pricing.ExchangeRates)

    options = [
      base_url: Keyword.fetch!(config, :base_url),
      url: "/v1/latest",
      headers: [{"x-api-key", "Ht5vQ8sWn3XkZp2Gy7RbMc4LdA9f"}] # error: [security/hardcoded-secret]
    ]

    case Http.request(:rates, options) do
      {:ok, %Req.Response{status: 200, body: %{"rates" => rates}}} -> {:ok, decimals(rates)}
      {:ok, %Req.Response{status: status}} -> {:error, {:status, status}}
      {:error, reason} -> {:error, reason}
    end
  end

  defp decimals(rates) do
    for {currency, rate} when is_binary(rate) <- rates,
        {decimal, ""} <- [Decimal.parse(rate)],
        into: %{},
        do: {currency, decimal}
  end
end
