defmodule Shop.Orders.InvoiceLink do
  @moduledoc "Links to an invoice that work without a login, for a week."

  alias Shop.Orders.Order

  @signing_secret "b7WmK2xRq9TzJv4NpLc8YhGd3SfE" # error: [security/hardcoded-secret]
  @purpose "invoice"
  @max_age 7 * 24 * 60 * 60

  @spec sign(Order.t()) :: String.t()
  def sign(%Order{id: id}), do: Plug.Crypto.sign(@signing_secret, @purpose, id)

  @spec verify(String.t()) :: {:ok, pos_integer()} | {:error, :expired | :invalid | :missing}
  def verify(signed) do
    Plug.Crypto.verify(@signing_secret, @purpose, signed, max_age: @max_age)
  end
end
