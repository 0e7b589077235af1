defmodule Shop.WorkersTest do
  use Shop.DataCase, async: false
  use Oban.Testing, repo: Shop.Repo

  import Swoosh.TestAssertions

  alias Shop.Workers.{BookShipment, ExpireCarts, OrderMail, SyncStock}

  test "an order is confirmed by mail" do
    order = order(scope())
    assert_enqueued(worker: OrderMail, args: %{kind: "confirmation", order_id: order.id})

    assert :ok = perform_job(OrderMail, %{kind: "confirmation", order_id: order.id})
    assert_email_sent(subject: "Your order #{order.number}")
  end

  test "a parcel that cannot be booked is tried again" do
    Req.Test.stub(Shop.Shipping, &Plug.Conn.send_resp(&1, 400, ""))
    order = order(scope())
    assert {:error, {:status, 400}} = perform_job(BookShipment, %{order_id: order.id})
  end

  test "jobs that run by the clock have nothing to say" do
    assert :ok = perform_job(SyncStock, %{})
    assert :ok = perform_job(ExpireCarts, %{})
  end

  test "a shipped order is told of" do
    changeset = OrderMail.shipped(order(scope()))
    assert changeset.changes.args["kind"] == "shipped"
  end
end
