defmodule Shop.PaymentsTest do
  use Shop.DataCase, async: true

  alias Shop.Payments
  alias Shop.Payments.Payment

  setup do
    %{order: order(scope())}
  end

  test "a charge that fails is an error", %{order: order} do
    Req.Test.stub(Payments, &Plug.Conn.send_resp(&1, 404, ""))
    assert {:error, :unavailable} = Payments.charge(order, "4242")
  end

  test "a payment is settled once, however often we are told", %{order: order} do
    assert {:ok, %Payment{}} = Payments.record(order, "ref-1")
    assert {:ok, %Payment{settled_at: first}} = Payments.settle("ref-1")
    assert {:ok, %Payment{settled_at: ^first}} = Payments.settle("ref-1")
    assert {:error, :not_found} = Payments.settle("ref-2")
  end
end
