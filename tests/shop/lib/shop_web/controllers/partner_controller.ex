defmodule ShopWeb.PartnerController do
  @moduledoc "Where suppliers check their product lists before they send them."

  use ShopWeb, :controller

  alias Shop.Catalog.Import

  def index(conn, _params), do: render(conn, :index, result: nil)

  def create(conn, %{"list" => json}) when is_binary(json) do
    render(conn, :index, result: Import.read(json))
  end

  def create(conn, _params), do: send_resp(conn, :bad_request, "")
end
