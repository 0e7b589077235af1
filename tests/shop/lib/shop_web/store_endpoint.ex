defmodule ShopWeb.StoreEndpoint do # error: [phoenix/missing-request-id]
  @moduledoc "What the screens and tills in the stores talk to, on a port of its own."

  use Phoenix.Endpoint, otp_app: :shop

  plug Plug.Static, at: "/", from: :shop, only: ShopWeb.static_paths()

  plug Plug.Parsers,
    parsers: [:urlencoded, :json],
    json_decoder: Phoenix.json_library()

  plug Plug.Head
  plug ShopWeb.StoreRouter
end
