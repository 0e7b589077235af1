defmodule Shop.Catalog.ProductTag do
  @moduledoc false

  use Ecto.Schema

  @primary_key false
  schema "product_tags" do
    belongs_to :product, Shop.Catalog.Product, primary_key: true
    belongs_to :tag, Shop.Catalog.Tag, primary_key: true
  end
end
