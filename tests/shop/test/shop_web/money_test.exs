defmodule ShopWeb.MoneyTest do
  use ExUnit.Case, async: true

  doctest ShopWeb.Money
end
