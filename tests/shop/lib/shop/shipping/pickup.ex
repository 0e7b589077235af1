defmodule Shop.Shipping.Pickup do # error: [errors/no-circuit-breaker]
  @moduledoc "Vans of the carrier that come to the warehouse."

  @address "https://carrier.shop.example/vans"

  @doc "Orders a van for a day."
  @spec order(Date.t()) :: {:ok, Req.Response.t()} | {:error, Exception.t()}
  def order(day), do: Req.post(@address, json: %{day: day})

  @doc "Tells the carrier of another day."
  @spec move(String.t(), Date.t()) :: {:ok, Req.Response.t()} | {:error, Exception.t()}
  def move(van, day), do: Req.put("#{@address}/#{van}", json: %{day: day})

  @doc "Sends a van home."
  @spec cancel(String.t()) :: {:ok, Req.Response.t()} | {:error, Exception.t()}
  def cancel(van), do: Req.delete("#{@address}/#{van}")
end
