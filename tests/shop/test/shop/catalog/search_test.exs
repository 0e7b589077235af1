defmodule Shop.Catalog.SearchTest do
  use Shop.DataCase, async: true

  alias Shop.Catalog.Search

  test "suggests names that begin with what was typed" do
    product(name: "Kettle", slug: "kettle")
    assert Search.suggest("ket") == [{"Kettle", "kettle"}]
    assert Search.suggest("tle") == []
  end

  test "finds products by a part of their name, and takes % for what it is" do
    %{id: id} = product(name: "100% cotton", slug: "cotton")
    product(name: "100 nails", slug: "nails")
    assert [%{id: ^id}] = Search.products("100%")
  end
end
