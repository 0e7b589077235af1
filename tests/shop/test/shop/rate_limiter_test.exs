defmodule Shop.RateLimiterTest do
  use ExUnit.Case, async: true

  alias Shop.RateLimiter

  test "allows as many hits as the limit says" do
    key = make_ref()
    window = :timer.hours(24)

    assert RateLimiter.hit(key, 2, window) == :allow
    assert RateLimiter.hit(key, 2, window) == :allow
    assert {:deny, retry_after} = RateLimiter.hit(key, 2, window)
    assert retry_after <= window
  end
end
