defmodule ShopWeb.Api.WebhookControllerTest do
  use ShopWeb.ConnCase, async: true

  alias Shop.Payments
  alias Shop.Webhooks
  alias ShopWeb.FallbackController

  defp tell(conn, path, message) do
    body = Jason.encode!(message)

    conn
    |> put_req_header("content-type", "application/json")
    |> put_req_header("x-signature", Webhooks.sign(body))
    |> post(path, body)
  end

  test "money that came is noted", %{conn: conn} do
    {:ok, _payment} = Payments.record(order(scope()), "ref-9")
    assert conn |> tell(~p"/webhooks/payments", %{reference: "ref-9"}) |> response(204)
    assert conn |> tell(~p"/webhooks/payments", %{reference: "ref-0"}) |> json_response(404)
  end

  test "parcels that we do not know are not found", %{conn: conn} do
    message = %{tracking_code: "T-0", status: "moving"}
    assert conn |> tell(~p"/webhooks/parcels", message) |> json_response(404)
  end

  test "what cannot be saved is the sender's fault", %{conn: conn} do
    conn = conn |> Phoenix.Controller.put_format("json") |> FallbackController.call(invalid())
    assert conn.status == 422
  end

  defp invalid, do: {:error, Shop.Catalog.change_review(%{})}
end
