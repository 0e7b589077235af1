defmodule ShopWeb.ErrorHTML do
  @moduledoc "The pages for what went wrong."

  use ShopWeb, :html

  def render("404.html", assigns) do
    ~H"""
    <h1>There is nothing here.</h1>
    <a href={~p"/"}>Back to the shop</a>
    """
  end

  def render(template, _assigns), do: Phoenix.Controller.status_message_from_template(template)
end
