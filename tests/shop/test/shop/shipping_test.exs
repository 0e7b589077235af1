defmodule Shop.ShippingTest do
  use Shop.DataCase, async: false

  alias Shop.Orders
  alias Shop.Shipping
  alias Shop.Shipping.{Shipment, Tracker, Zones}

  setup do
    Req.Test.set_req_test_to_shared()

    Req.Test.stub(Shipping, fn conn ->
      conn |> Plug.Conn.put_status(201) |> Req.Test.json(%{tracking_code: "T-1"})
    end)

    %{order: Orders.get_order_by_id!(order(scope()).id)}
  end

  test "a parcel is booked once and followed", %{order: order} do
    assert {:ok, %Shipment{tracking_code: "T-1", id: id}} = Shipping.book(order)
    assert {:ok, %Shipment{id: ^id}} = Shipping.book(order)
    assert %Shipment{id: ^id} = Shipping.shipment_of(order)

    :ok = Tracker.subscribe("T-1")
    assert {:ok, _shipment} = Shipping.update_status("T-1", %{"status" => "moving"})
    assert_receive {:parcel_moved, "T-1", :moving}
  end

  test "an unknown parcel and an unknown state are errors", %{order: order} do
    assert {:error, :not_found} = Shipping.update_status("T-0", %{"status" => "moving"})
    assert {:ok, _shipment} = Shipping.book(order)
    assert {:error, changeset} = Shipping.update_status("T-1", %{"status" => "eaten"})
    assert %{status: ["is invalid"]} = errors_on(changeset)
  end

  test "following twice is following once" do
    assert {:ok, tracker} = Tracker.follow("T-2")
    assert {:ok, ^tracker} = Tracker.follow("T-2")
    assert Tracker.report("T-3", :lost) == :ok
  end

  test "fees go by country" do
    assert {:ok, fee} = Zones.fee("DE")
    assert Decimal.equal?(fee, "4.90")
    assert Zones.fee("XX") == :error
  end

  test "an arrival is a day in words, or nothing" do
    assert Shipping.arrival(2) =~ ","
    assert Shipping.arrival("soon") == nil
  end
end
