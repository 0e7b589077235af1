defmodule ShopWeb.Plugs.WebhookSignature do
  @moduledoc "Lets a webhook through whose body was signed by those who share our secret."

  @behaviour Plug

  import Plug.Conn

  alias Shop.Webhooks
  alias ShopWeb.Plugs.RawBody

  @impl Plug
  def init(opts), do: opts

  @impl Plug
  def call(conn, _opts) do
    with [signature] <- get_req_header(conn, "x-signature"),
         true <- Webhooks.valid_signature?(RawBody.raw(conn), signature) do
      conn
    else
      _missing_or_wrong -> conn |> send_resp(:unauthorized, "") |> halt()
    end
  end
end
