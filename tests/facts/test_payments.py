"""Calls of payment providers: what becomes of their errors, keys and transactions."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.facts.http.payments import collect_payments

CODE = """
defmodule Shop.Payments do
  @host "https://api.stripe.com"

  def one(order) do
    {:ok, charge} = Stripe.Charge.create(%{amount: 1})
    charge
  end

  def two(order), do: Stripe.Charge.create(%{amount: 1}, idempotency_key: order.id)
  def three(order), do: Repo.transaction(fn -> Stripe.Charge.retrieve(order.id) end)
  def four(order), do: Req.post(@host <> "/v1/charges", json: order)
  def five(order), do: Stripe.Webhook.construct_event(order, "", "")
end
"""


def test_payments() -> None:
    found = collect_payments(Document("lib/shop/payments.ex", CODE.encode()))
    assert [(one.name, one.untaken, one.keyless, one.transaction) for one in found] == [
        ("Stripe.Charge.create", "match", True, False),
        ("Stripe.Charge.create", "", False, False),
        ("Stripe.Charge.retrieve", "", False, True),
        ("Req.post", "", True, False),
    ]


def test_no_payments_in_tests_and_broken_code() -> None:
    assert not list(collect_payments(Document("test/payments_test.exs", CODE.encode())))
    for end in range(0, len(CODE), 5):
        list(collect_payments(Document("lib/shop/payments.ex", CODE[:end].encode())))
