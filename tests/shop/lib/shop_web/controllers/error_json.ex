defmodule ShopWeb.ErrorJSON do
  @moduledoc "What API clients get for what went wrong."

  def render(template, _assigns) do
    %{error: %{detail: Phoenix.Controller.status_message_from_template(template)}}
  end
end
