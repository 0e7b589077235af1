defmodule Shop.PricingTest do
  use Shop.DataCase, async: true

  alias Shop.Carts.CartItem
  alias Shop.Pricing
  alias Shop.Pricing.{ExchangeRates, RatesClient}

  test "a line is quantity times price, and nothing for what is gone" do
    product = product(price: Decimal.new("2.50"))
    item = %CartItem{product_id: product.id, quantity: 4}
    assert Decimal.equal?(Pricing.line_total(item), "10")
    assert Decimal.equal?(Pricing.line_total(%{item | product_id: 0}), 0)
  end

  test "a sum of nothing is nothing" do
    assert Decimal.equal?(Pricing.sum([]), 0)
    assert Decimal.equal?(Pricing.sum([Decimal.new(1), Decimal.new(2)]), 3)
  end

  test "an unknown currency is an error" do
    assert ExchangeRates.rate("XXX") == :error
    assert Pricing.convert(Decimal.new(1), "XXX") == {:error, :unknown_currency}
  end

  test "a bank that does not answer is an error" do
    assert {:error, _reason} = RatesClient.latest()
  end
end
