defmodule ShopWeb.Paging do
  @moduledoc "Page numbers as browsers send them."

  @max_page 1_000

  @doc "The page asked for, the first where that is no sensible number."
  @spec page(map()) :: pos_integer()
  def page(%{"page" => text}) when is_binary(text) do
    case Integer.parse(text) do
      {page, ""} when page in 1..@max_page -> page
      _no_page -> 1
    end
  end

  def page(_params), do: 1
end
