defmodule ShopWeb.HealthController do
  use ShopWeb, :controller

  alias Shop.Health

  def show(conn, _params) do
    case Health.check() do
      :ok -> json(conn, %{status: "ok"})
      {:error, missing} -> conn |> put_status(:service_unavailable) |> json(%{missing: missing})
    end
  end
end
