defmodule Shop.ReportsTest do
  use Shop.DataCase, async: true

  alias Shop.Reports

  test "counts what customers bought" do
    scope = scope()
    order = order(scope)

    assert [%{id: id}] = Reports.top_customers(3)
    assert id == scope.user.id
    assert Reports.count_orders("placed") == {:ok, 1}
    assert {:ok, [["placed", total]]} = Reports.turnover_by("status")
    assert Decimal.equal?(total, order.total)
    assert [{_today, _sum}] = Reports.daily_turnover(1)
  end

  test "an unknown column is an error" do
    assert {:error, %Postgrex.Error{}} = Reports.turnover_by("no_such_column")
  end
end
