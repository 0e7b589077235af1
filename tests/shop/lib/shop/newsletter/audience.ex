defmodule Shop.Newsletter.Audience do
  @moduledoc """
  Who has opened a letter: one process for each campaign.
  """

  use GenServer, restart: :transient

  alias Shop.Newsletter.Campaign

  def start_link(%Campaign{} = campaign) do
    name = :"audience_#{campaign.subject}" # error: [otp/dynamic-name, security/dynamic-atom]
    GenServer.start_link(__MODULE__, campaign, name: name)
  end

  def reset(pid), do: GenServer.call(pid, :reset)

  @impl true
  def init(campaign), do: {:ok, %{campaign: campaign, opened: 0}}

  @impl true
  def handle_call(:reset, _from, state) do
    {:reply, state.opened, %{state | opened: 0}}
  end
end
