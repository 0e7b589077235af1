defmodule ShopWeb.VatController do
  use ShopWeb, :controller

  alias Shop.Pricing.Vat

  def show(conn, %{"number" => number}) when is_binary(number) do
    json(conn, %{known: Vat.known?(number)}) # error: [errors/sync-external-call]
  end
end
