defmodule Shop.Newsletter do
  @moduledoc """
  Letters to everybody who has asked for them.
  """

  alias Shop.Newsletter.Audience
  alias Shop.Newsletter.Campaign
  alias Shop.Newsletter.Delivery

  @doc """
  Begins to send a campaign.
  """
  def send_out(%Campaign{} = campaign, readers) do
    Task.start(fn -> Delivery.log(campaign) end) # error: [otp/unawaited-task]

    for reader <- readers do
      spawn(fn -> Delivery.send_to(reader, campaign) end) # error: [otp/bare-spawn]
    end

    :ok
  end

  @doc """
  Counts who opens the letter, for as long as the campaign runs.
  """
  def watch(%Campaign{} = campaign) do
    {:ok, pid} = Audience.start_link(campaign) # error: [otp/start-link-outside-supervisor]
    Audience.reset(pid)
  end

  @doc """
  Sends the campaign to its author first.
  """
  def preview(%Campaign{} = campaign, author) do
    Task.Supervisor.start_child(Shop.TaskSupervisor, Delivery, :send_to, [author, campaign])
  end

  @doc """
  How many of the readers have opened it, and how many a link in it, asked for side by side.
  """
  def success(%Campaign{} = campaign) do
    opened = Task.async(fn -> Delivery.count(campaign, :opened) end)
    followed = Task.async(fn -> Delivery.count(campaign, :followed) end)

    Task.await_many([opened, followed])
  end
end
