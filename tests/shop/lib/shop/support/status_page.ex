defmodule Shop.Support.StatusPage do
  @moduledoc "Tells the status page that the shop is up."

  alias Shop.Http

  @doc "Says hello."
  def beat do
    Http.post("https://status.shop-monitor.io/beats/shop", %{up: true}) # error: [security/hardcoded-config]
  end
end
