defmodule Shop.Application do
  @moduledoc false

  use Application

  @impl true
  def start(_type, _args) do
    children = [
      ShopWeb.Telemetry,
      Shop.Repo,
      {Phoenix.PubSub, name: Shop.PubSub},
      ShopWeb.Presence,
      {Task.Supervisor, name: Shop.TaskSupervisor},
      {Registry, keys: :unique, name: Shop.Registry},
      {DynamicSupervisor, name: Shop.ShipmentSupervisor, strategy: :one_for_one},
      Shop.Cache,
      {Shop.RateLimiter, sweep_every: :timer.minutes(1)},
      Shop.FeatureFlags,
      Shop.Pricing.ExchangeRates,
      Shop.Shipping.Zones,
      Shop.Shipping.Parcels,
      Shop.GiftCards.Supervisor,
      {Shop.Shipping.LabelPrinter, host: ~c"printer.shop.internal"},
      {Oban, Application.fetch_env!(:shop, Oban)},
      ShopWeb.Endpoint,
      ShopWeb.StoreEndpoint
    ]

    Supervisor.start_link(children, strategy: :one_for_one, name: Shop.Supervisor)
  end

  @impl true
  def config_change(changed, _new, removed) do
    ShopWeb.Endpoint.config_change(changed, removed)
    :ok
  end
end
