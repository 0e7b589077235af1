defmodule ShopWeb.PlugsTest do
  use ShopWeb.ConnCase, async: true

  alias Shop.Webhooks
  alias ShopWeb.Origins
  alias ShopWeb.Plugs.{RateLimit, RawBody, WebhookSignature}

  test "who asks too often is told when to come back", %{conn: conn} do
    opts = RateLimit.init(name: make_ref(), limit: 1, window: :timer.hours(24))

    refute RateLimit.call(conn, opts).halted
    conn = RateLimit.call(conn, opts)
    assert conn.status == 429
    assert [_seconds] = get_resp_header(conn, "retry-after")
  end

  test "a webhook's body is kept" do
    conn = Plug.Test.conn(:post, "/webhooks/payments", "body")
    assert {:ok, "body", conn} = RawBody.read_body(conn, [])
    assert IO.iodata_to_binary(RawBody.raw(conn)) == "body"
  end

  test "a webhook must be signed" do
    {:ok, _body, conn} =
      :post |> Plug.Test.conn("/webhooks/payments", "body") |> RawBody.read_body([])

    signed = put_req_header(conn, "x-signature", Webhooks.sign("body"))
    refute WebhookSignature.call(signed, WebhookSignature.init([])).halted
    assert WebhookSignature.call(conn, []).status == 401
  end

  test "the API may be read from our own site" do
    assert "https://shop.example" in Origins.allowed()
  end
end
