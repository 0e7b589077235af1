defmodule ShopWeb.UserSessionControllerTest do
  use ShopWeb.ConnCase, async: true

  test "logs in with the right password only", %{conn: conn} do
    user = user()
    wrong = %{"email" => user.email, "password" => "wrong"}
    right = %{"email" => user.email, "password" => password()}

    assert conn |> post(~p"/users/log-in", session: wrong) |> html_response(200) =~ "wrong"
    assert conn |> post(~p"/users/log-in", session: right) |> redirected_to() == ~p"/catalog"
    assert conn |> post(~p"/users/log-in", %{}) |> response(400)
  end

  test "logs out", %{conn: conn} do
    conn = conn |> log_in(user()) |> delete(~p"/users/log-out")
    assert redirected_to(conn) == ~p"/"
  end
end
