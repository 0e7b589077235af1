defmodule ShopWeb.Presence do
  @moduledoc "Who of the staff looks at which page."

  use Phoenix.Presence, otp_app: :shop, pubsub_server: Shop.PubSub # error: [liveview/presence-callbacks]
end
