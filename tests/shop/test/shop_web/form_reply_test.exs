defmodule ShopWeb.FormReplyTest do
  use ExUnit.Case, async: true

  alias Phoenix.LiveView.Socket
  alias Shop.Catalog
  alias ShopWeb.FormReply

  @socket %Socket{assigns: %{__changed__: %{}, flash: %{}}}

  test "what was saved leads on" do
    assert {:noreply, socket} = FormReply.reply_saved({:ok, :saved}, @socket, "Saved.", "/cart")
    assert socket.assigns.flash == %{"info" => "Saved."}
    assert {:live, :redirect, %{to: "/cart"}} = socket.redirected
  end

  test "a changeset goes back into the form" do
    error = {:error, Catalog.change_review(%{})}
    assert {:noreply, socket} = FormReply.reply_saved(error, @socket, "Saved.", "/cart")
    assert %Phoenix.HTML.Form{} = socket.assigns.form

    assert {:noreply, socket} = FormReply.reply_validated(Catalog.change_review(%{}), @socket)
    assert socket.assigns.form.action == :validate
  end

  test "what was done changes the socket" do
    assert {:noreply, :changed} =
             FormReply.reply_done({:ok, 1}, @socket, "No.", fn 1, _ -> :changed end)

    assert {:noreply, socket} =
             FormReply.reply_done({:error, :no}, @socket, "No.", fn _, s -> s end)

    assert socket.assigns.flash == %{"error" => "No."}
  end

  test "another reason is explained" do
    error = {:error, :out_of_stock}
    assert {:noreply, socket} = FormReply.reply_saved(error, @socket, "Saved.", "/cart")
    assert socket.assigns.flash["error"] =~ "in stock"
  end
end
