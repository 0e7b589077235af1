defmodule ShopWeb.UserSessionHTML do
  @moduledoc false

  use ShopWeb, :html

  embed_templates "user_session_html/*"
end
