defmodule ShopWeb.ProductHTML do
  @moduledoc false

  use ShopWeb, :html

  import ShopWeb.ProductComponents

  alias ShopWeb.Router.Helpers, as: Routes

  embed_templates "product_html/*"
end
