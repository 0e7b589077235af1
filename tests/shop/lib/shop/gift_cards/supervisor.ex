defmodule Shop.GiftCards.Supervisor do
  @moduledoc false

  use Supervisor

  def start_link(opts) do
    Supervisor.start_link(__MODULE__, opts, name: __MODULE__)
  end

  @impl true
  def init(_opts) do
    Supervisor.init([Shop.GiftCards.Ledger], max_restarts: 5) # error: [otp/supervisor-options]
  end
end
