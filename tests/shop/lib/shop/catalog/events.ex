defmodule Shop.Catalog.Events do
  @moduledoc """
  What happens to products, for who wants to know.

  Subscribers receive `{:product_saved, product}` and `{:product_archived, product}`.
  """

  alias Phoenix.PubSub
  alias Shop.Catalog.Product

  @topic "products"

  def subscribe, do: PubSub.subscribe(Shop.PubSub, @topic)

  def saved(%Product{} = product), do: tell({:product_saved, product})

  def archived(%Product{} = product), do: tell({:product_archived, product})

  defp tell(message), do: PubSub.broadcast(Shop.PubSub, @topic, message)
end
