defmodule Shop.MailerTest do
  use ExUnit.Case, async: true

  import Swoosh.TestAssertions

  alias Shop.Mailer

  test "mails come from the shop" do
    assert {:ok, _receipt} = Mailer.send_text("a@shop.example", "Hello", "Good day!")
    assert_email_sent(subject: "Hello", text_body: "Good day!")
  end
end
