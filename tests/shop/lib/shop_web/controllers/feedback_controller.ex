defmodule ShopWeb.FeedbackController do
  use ShopWeb, :controller

  alias Shop.Mailer

  def create(conn, %{"text" => text}) when is_binary(text) do
    Mailer.send_text("hello@shop.example", "Feedback", text) # error: [errors/sync-email]

    conn
    |> put_flash(:info, "Thank you, we read every word.")
    |> redirect(to: ~p"/")
  end
end
