defmodule Shop.Webhooks do
  @moduledoc "Whether a message from another company is what it says it is."

  @doc "The signature that a body must have, in lower-case hex."
  @spec sign(iodata()) :: String.t()
  def sign(body) do
    secret = :shop |> Application.fetch_env!(__MODULE__) |> Keyword.fetch!(:webhook_secret)
    :hmac |> :crypto.mac(:sha256, secret, body) |> Base.encode16(case: :lower)
  end

  @spec valid_signature?(iodata(), String.t()) :: boolean()
  def valid_signature?(body, signature), do: Plug.Crypto.secure_compare(sign(body), signature)
end
