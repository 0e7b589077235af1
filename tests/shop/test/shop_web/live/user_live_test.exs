defmodule ShopWeb.UserLiveTest do
  use ShopWeb.ConnCase, async: true

  alias ShopWeb.UserLive.{Confirmation, Registration, Settings}

  test "an account is opened", %{conn: conn} do
    {:ok, view, _html} = live(conn, ~p"/users/register")
    assert view.module == Registration

    attrs = %{"email" => "new@shop.example", "password" => password()}
    view |> form("#registration", user: attrs) |> render_submit()
    assert_redirect view, ~p"/catalog"
  end

  test "a link that was never sent confirms nothing", %{conn: conn} do
    {:ok, view, _html} = live(conn, ~p"/users/confirm/nothing")
    assert view.module == Confirmation
    assert view |> element("button") |> render_click() =~ "too old"
  end

  test "a new password needs the old one", %{conn: conn} do
    {:ok, view, _html} = conn |> log_in(user()) |> live(~p"/users/settings")
    assert view.module == Settings

    params = %{"current" => "wrong", "user" => %{"password" => "another horse battery"}}
    assert view |> form("#password", params) |> render_submit() =~ "old password is wrong"
  end
end
