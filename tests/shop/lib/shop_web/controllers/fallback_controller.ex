defmodule ShopWeb.FallbackController do
  @moduledoc "What the API's actions answer when something is not as it should be."

  use ShopWeb, :controller

  alias ShopWeb.ErrorJSON

  def call(conn, {:error, :not_found}) do
    conn |> put_status(:not_found) |> put_view(json: ErrorJSON) |> render(:"404")
  end

  def call(conn, {:error, %Ecto.Changeset{}}) do
    conn |> put_status(:unprocessable_content) |> put_view(json: ErrorJSON) |> render(:"422")
  end
end
