defmodule Shop.Pricing.Holidays do
  @moduledoc "The bank's holidays, on which there are no new rates."

  @calendar ~c"https://rates.shop.example/holidays.txt"

  @doc "All holidays of this year."
  @spec all() :: {:ok, [Date.t()]} | {:error, term()}
  def all do
    case :httpc.request(:get, {@calendar, []}, [], body_format: :binary) do # error: [errors/http-without-timeout]
      {:ok, {{_version, 200, _phrase}, _headers, body}} -> {:ok, dates(body)}
      {:ok, {{_version, status, _phrase}, _headers, _body}} -> {:error, {:status, status}}
      {:error, reason} -> {:error, reason}
    end
  end

  defp dates(text) do
    for line <- String.split(text, "\n", trim: true),
        {:ok, date} <- [Date.from_iso8601(line)],
        do: date
  end
end
