defmodule Shop.ReleaseTest do
  use ExUnit.Case, async: true

  alias Shop.Release

  test "has what a deployment calls" do
    Code.ensure_loaded!(Release)
    assert function_exported?(Release, :migrate, 0)
    assert function_exported?(Release, :rollback, 2)
  end
end
