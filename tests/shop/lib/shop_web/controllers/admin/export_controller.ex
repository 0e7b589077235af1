defmodule ShopWeb.Admin.ExportController do
  @moduledoc "Figures for spreadsheets."

  use ShopWeb, :controller

  alias Shop.Reports

  def turnover(conn, params) do
    case Reports.turnover_by(Map.get(params, "by", "status")) do
      {:ok, rows} -> send_download(conn, {:binary, csv(rows)}, filename: "turnover.csv")
      {:error, _exception} -> send_resp(conn, :bad_request, "There is no such column.")
    end
  end

  def stock(conn, params) do
    days = String.to_integer(params["days"]) # error: [phoenix/unvalidated-params]
    since = Date.add(Date.utc_today(), -days)

    text(conn, "Stock since #{since}")
  end

  defp csv(rows) do
    Enum.map_join(rows, "\n", fn row -> Enum.map_join(row, ",", &to_string/1) end)
  end
end
