defmodule ShopWeb.Api.WebhookController do
  @moduledoc "What the payment company and the carrier tell us. Their signature was checked."

  use ShopWeb, :controller

  alias Shop.Payments
  alias Shop.Shipping

  action_fallback ShopWeb.FallbackController

  def payment(conn, %{"reference" => reference}) when is_binary(reference) do
    with {:ok, _payment} <- Payments.settle(reference), do: send_resp(conn, :no_content, "")
  end

  def parcel(conn, %{"tracking_code" => code} = params) when is_binary(code) do
    with {:ok, _shipment} <- Shipping.update_status(code, params) do
      send_resp(conn, :no_content, "")
    end
  end
end
