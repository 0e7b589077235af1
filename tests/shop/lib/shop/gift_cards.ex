defmodule Shop.GiftCards do
  @moduledoc "Selling gift cards, and what they are worth at the till."

  alias Shop.GiftCards.GiftCard
  alias Shop.Http
  alias Shop.Repo

  @doc "Sells a card."
  @spec sell(map()) :: {:ok, GiftCard.t()} | {:error, Ecto.Changeset.t()}
  def sell(attrs), do: %GiftCard{} |> GiftCard.sale_changeset(attrs) |> Repo.insert()

  @doc "What a card of this value costs, by the formula that the office has written."
  @spec price(Decimal.t(), String.t()) :: term()
  def price(value, formula) do
    {price, _binding} = Code.eval_string(formula, value: value) # error: [security/code-eval]
    price
  end

  @doc "Takes the value of a partner's card, once the partner has said what it is."
  @spec redeem_foreign(String.t(), map()) :: {:ok, map()} | {:error, term()}
  def redeem_foreign(code, till) do
    with {:till, :open} <- {:till, till.state},
         {:partner, {:ok, value}} <- {:partner, ask_partner(code)} do
      {:ok, %{till: till.id, value: value}}
    else # error: [errors/complex-with-else]
      {:till, state} -> {:error, {:till, state}}
      {:partner, {:error, reason}} -> {:error, {:partner, reason}}
    end
  end

  @doc "The cards in a partner's delivery note, which comes as XML."
  @spec delivered(String.t()) :: [charlist()]
  def delivered(note) do
    import SweetXml, only: [sigil_x: 2]

    note
    |> SweetXml.parse() # error: [security/xxe]
    |> SweetXml.xpath(~x"//card/@serial"l)
  end

  defp ask_partner(code) do
    options = [
      method: :get,
      url: "https://cards.partner.example/#{URI.encode_www_form(code)}",
      connect_options: [transport_opts: [verify: :verify_none]] # error: [security/tls-verification-off]
    ]

    with {:ok, response} <- Http.request(:partner, options), do: {:ok, response.body}
  end
end
