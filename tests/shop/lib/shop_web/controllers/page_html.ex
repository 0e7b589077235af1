defmodule ShopWeb.PageHTML do
  @moduledoc false

  use ShopWeb, :html

  import ShopWeb.ProductComponents, only: [card: 1]

  embed_templates "page_html/*"
end
