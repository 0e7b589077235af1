defmodule Shop.Newsletter.Delivery do
  @moduledoc """
  Hands letters of a campaign to the mail server.
  """

  import Swoosh.Email

  alias Shop.Mailer

  require Logger

  def log(campaign), do: Logger.info("sending #{campaign.subject}")

  def count(campaign, event), do: :erlang.phash2({campaign.subject, event}, 100)

  def send_to(reader, campaign) do
    new()
    |> to(reader.email)
    |> from({"Shop", "news@shop.example"})
    |> subject(campaign.subject)
    |> text_body(campaign.body)
    |> Mailer.deliver()
  end
end
