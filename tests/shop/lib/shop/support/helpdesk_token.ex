defmodule Shop.Support.HelpdeskToken do
  @moduledoc "The signed link with which the helpdesk sends a customer back to us."

  @doc "The ticket that a link is for."
  def ticket(jwk, token) do
    case JOSE.JWT.verify(jwk, token) do # error: [security/unverified-jwt]
      {true, jwt, _jws} -> Map.fetch(jwt.fields, "ticket")
      {false, _jwt, _jws} -> :error
    end
  end
end
