defmodule Shop.Metrics.CounterTest do
  use ExUnit.Case, async: true

  alias Shop.Metrics.Counter

  test "counts" do
    start_supervised!(Counter)
    assert Counter.increment(:pans) == :ok
    assert Counter.increment(:pans) == :ok
    assert Counter.counts() == %{pans: 2}
  end
end
