defmodule Shop.Reports do
  @moduledoc "Figures for staff. They may be slow: no customer waits for them."

  import Ecto.Query

  alias Ecto.Adapters.SQL
  alias Shop.Accounts
  alias Shop.Orders.Order
  alias Shop.Repo

  @timeout :timer.seconds(15)

  @doc "The customers who bought most, best first."
  def top_customers(count) when count in 1..50 do
    buyers =
      from o in Order,
        where: o.status != :cancelled,
        group_by: o.user_id,
        order_by: [desc: sum(o.total)],
        limit: ^count,
        select: o.user_id

    buyers
    |> Repo.all()
    |> Enum.map(&Accounts.get_user!/1) # error: [ecto/query-in-loop]
  end

  @doc "The turnover grouped by a column of the orders."
  @spec turnover_by(String.t()) :: {:ok, [list()]} | {:error, Exception.t()}
  def turnover_by(column) do
    announce(column)

    case SQL.query(Repo, turnover_sql(column), [], timeout: @timeout) do # error: [ecto/sql-injection]
      {:ok, %{rows: rows}} -> {:ok, rows}
      {:error, exception} -> {:error, exception}
    end
  end

  @doc "How many orders have a status, counted by the database's statistics when there are many."
  @spec count_orders(String.t()) :: {:ok, non_neg_integer()} | {:error, Exception.t()}
  def count_orders(status) do
    sql = "SELECT count(*) FROM orders WHERE status = '" <> status <> "'"

    case Repo.query(sql) do # error: [ecto/sql-injection]
      {:ok, %{rows: [[count]]}} -> {:ok, count}
      {:error, exception} -> {:error, exception}
    end
  end

  @doc "The turnover of each of the last days."
  def daily_turnover(days) when days in 1..366 do
    Repo.all(
      from o in Order,
        where: o.inserted_at > ago(^days, "day"),
        group_by: fragment("date_trunc('day', ?)", o.inserted_at),
        order_by: fragment("date_trunc('day', ?)", o.inserted_at),
        select: {fragment("date_trunc('day', ?)", o.inserted_at), sum(o.total)},
        limit: ^days
    )
  end

  defp turnover_sql(column) do
    "SELECT " <> column <> ", sum(total) FROM orders GROUP BY 1 ORDER BY 2 DESC LIMIT 100"
  end

  defp announce(column) do
    event = [:shop, :reports, :"by_#{column}"] # error: [security/dynamic-atom]
    :telemetry.execute(event, %{count: 1}, %{})
  end
end
