defmodule Shop.Newsletter.Campaign do
  @moduledoc """
  One letter to many readers.
  """

  @enforce_keys [:subject, :body]
  defstruct [:subject, :body]
end
