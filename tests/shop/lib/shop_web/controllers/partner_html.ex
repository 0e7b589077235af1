defmodule ShopWeb.PartnerHTML do
  @moduledoc false

  use ShopWeb, :html

  embed_templates "partner_html/*"

  attr :result, :any, required: true

  @doc "What was found in a list, or what is wrong with it."
  def verdict(%{result: {:ok, products}} = assigns) do
    assigns = assign(assigns, :count, Enum.count(products))

    ~H"""
    <p>{@count} products can be taken in.</p>
    """
  end

  def verdict(%{result: {:error, reason}} = assigns) do
    assigns = assign(assigns, :reason, reason)

    ~H"""
    <p class="error">{explain(@reason)}</p>
    """
  end

  def verdict(assigns) do
    ~H"""
    <p>Nothing was checked yet.</p>
    """
  end

  defp explain(:too_large), do: "The list is larger than 5 MB."
  defp explain(:not_json), do: "The list is not JSON."
  defp explain(:not_a_list), do: "The JSON is not a list."
end
