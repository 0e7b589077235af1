defmodule ShopWeb.SupportLiveTest do
  use ShopWeb.ConnCase, async: true

  alias Shop.Support
  alias ShopWeb.SupportLive.{Index, New, Show}

  setup :register_and_log_in_user

  test "a question is asked, answered and closed", %{conn: conn, scope: scope} do
    {:ok, form, _html} = live(conn, ~p"/support/new")
    assert form.module == New

    form
    |> form("#ticket", form: %{"subject" => "Where is it?", "body" => "I wait."})
    |> render_submit()

    assert {:ok, [%{id: id}]} = Support.list_my_tickets(scope: scope)

    {:ok, page, _html} = live(conn, ~p"/support/#{id}")
    assert page.module == Show
    page |> form("#reply", form: %{"body" => "Still waiting."}) |> render_submit()
    assert render(page) =~ "Still waiting."
    refute page |> element("button", "Close") |> render_click() =~ "Your answer"
  end

  test "questions are listed", %{conn: conn, scope: scope} do
    {:ok, _ticket} = Support.open_ticket(%{subject: "Lost", body: "Help!"}, scope: scope)
    {:ok, list, html} = live(conn, ~p"/support")
    assert list.module == Index
    assert html =~ "Lost"
  end
end
