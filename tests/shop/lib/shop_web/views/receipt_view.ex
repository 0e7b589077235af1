defmodule ShopWeb.ReceiptView do
  @moduledoc "Receipts as the till prints them."

  use Phoenix.View, root: "lib/shop_web/templates", namespace: ShopWeb # error: [phoenix/view-module]

  def total(order), do: ShopWeb.Money.euros(order.total)
end
