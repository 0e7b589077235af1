defmodule Shop.Mailer do
  use Swoosh.Mailer, otp_app: :shop

  import Swoosh.Email

  require Logger

  @doc """
  Sends a plain mail in the shop's name.

  Waits for the mail provider: call it from a job or a task, never while a customer waits.
  """
  @spec send_text(String.t(), String.t(), String.t()) :: {:ok, term()} | {:error, term()}
  def send_text(recipient, subject, body) do
    email =
      new()
      |> to(recipient)
      |> from(Application.fetch_env!(:shop, :mail_sender))
      |> subject(subject)
      |> text_body(body)

    :telemetry.span([:shop, :mail], %{subject: subject}, fn ->
      result = deliver(email)
      log_failure(result)
      {result, %{}}
    end)
  end

  defp log_failure({:ok, _receipt}), do: :ok
  defp log_failure({:error, reason}), do: Logger.warning("mail not sent", reason: reason)
end
