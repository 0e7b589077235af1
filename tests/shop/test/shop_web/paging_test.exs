defmodule ShopWeb.PagingTest do
  use ExUnit.Case, async: true

  alias ShopWeb.Paging

  test "pages begin with one" do
    assert Paging.page(%{}) == 1
    assert Paging.page(%{"page" => "3"}) == 3
    assert Paging.page(%{"page" => "0"}) == 1
    assert Paging.page(%{"page" => "3; DROP TABLE"}) == 1
  end
end
