defmodule Shop.CacheTest do
  use ExUnit.Case, async: true

  alias Shop.Cache

  test "computes a value once while it is young" do
    key = make_ref()
    assert Cache.fetch(key, 60_000, fn -> :first end) == :first
    assert Cache.fetch(key, 60_000, fn -> :second end) == :first
  end

  test "computes it anew when it was forgotten" do
    key = make_ref()
    assert Cache.fetch(key, 60_000, fn -> :first end) == :first
    assert Cache.forget(key) == :ok
    assert Cache.fetch(key, 60_000, fn -> :second end) == :second
  end
end
