defmodule Shop.Payments.Refund do
  @moduledoc "Money that goes back to customers of the old payment company."

  alias Shop.Payments.Payment

  @address "https://api.mollie.com/v2/payments"

  @doc "Gives all of a payment back."
  @spec create(Payment.t()) :: {:ok, Req.Response.t()} | {:error, Exception.t()}
  def create(%Payment{reference: reference, amount: amount}) do
    body = %{amount: %{currency: "EUR", value: Decimal.to_string(amount)}}
    Req.post("#{@address}/#{reference}/refunds", json: body) # error: [errors/payment-without-recovery]
  end
end
