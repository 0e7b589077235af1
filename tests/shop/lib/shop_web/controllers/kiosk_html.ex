defmodule ShopWeb.KioskHTML do
  @moduledoc false

  use ShopWeb, :html

  embed_templates "kiosk_html/*"
end
