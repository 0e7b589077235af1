defmodule Shop.Catalog.ImportTest do
  use ExUnit.Case, async: true

  alias Shop.Catalog.Import

  test "reads a list of products and skips what is none" do
    json = ~s([{"name": "Pan", "price": "1", "stock": 1, "category_id": 1}, {"name": ""}])
    assert {:ok, [%{name: "Pan"}]} = Import.read(json)
  end

  test "says what is wrong with a list" do
    assert Import.read("{}") == {:error, :not_a_list}
    assert Import.read("[") == {:error, :not_json}
  end

  test "a day that does not exist is an error" do
    assert {:ok, ~D[2025-02-28]} = Import.as_of(%{as_of: {2025, 2, 28}})
    assert {:error, _reason} = Import.as_of(%{as_of: {2025, 2, 30}})
    assert {:error, _reason} = Import.as_of(%{})
  end
end
