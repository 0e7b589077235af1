defmodule ShopWeb.Admin.DashboardLive do
  @moduledoc "What staff sees first: how the day goes."

  use ShopWeb, :live_view

  alias Shop.Audit
  alias Shop.Catalog.Review
  alias Shop.Inventory
  alias Shop.Metrics.Counter
  alias Shop.Repo
  alias Shop.Reports

  @refresh_every :timer.seconds(30)

  @impl true
  def mount(_params, _session, socket) do
    :timer.send_interval(@refresh_every, :refresh) # error: [liveview/unguarded-subscribe]

    {:ok, socket |> assign(page_title: "Today", reviews: 0, counts: %{}) |> assign_figures()}
  end

  @impl true
  def handle_event("count_reviews", _params, socket) do
    reviews = Repo.aggregate(Review, :count) # error: [phoenix/repo-in-web]
    {:noreply, assign(socket, reviews: reviews, counts: Counter.counts())}
  end

  @impl true
  def handle_info(:refresh, socket), do: {:noreply, assign_figures(socket)}
  def handle_info(_message, socket), do: {:noreply, socket}

  defp assign_figures(socket) do
    assign_async(socket, [:turnover, :low_stock, :customers, :events], fn ->
      {:ok,
       %{
         turnover: Reports.daily_turnover(7),
         low_stock: Inventory.low_stock(),
         customers: Reports.top_customers(5),
         events: Audit.recent(10)
       }}
    end)
  end
end
