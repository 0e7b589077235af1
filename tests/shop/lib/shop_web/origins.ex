defmodule ShopWeb.Origins do
  @moduledoc "The sites whose scripts may read the public API."

  @spec allowed() :: [String.t()]
  def allowed, do: Application.fetch_env!(:shop, :allowed_origins)
end
