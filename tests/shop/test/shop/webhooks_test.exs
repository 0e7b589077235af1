defmodule Shop.WebhooksTest do
  use ExUnit.Case, async: true

  alias Shop.Webhooks

  test "a body has one signature" do
    signature = Webhooks.sign("body")
    assert Webhooks.valid_signature?("body", signature)
    refute Webhooks.valid_signature?("other", signature)
  end
end
