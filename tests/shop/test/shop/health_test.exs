defmodule Shop.HealthTest do
  use Shop.DataCase, async: true

  alias Shop.Health

  test "is well with a database" do
    assert Health.check() == :ok
  end
end
