defmodule ShopWeb.PagesTest do
  use ShopWeb.ConnCase, async: true

  import Phoenix.Controller, only: [controller_module: 1]

  alias ShopWeb.{ErrorHTML, ErrorJSON, FeedController, FeedXML, HealthController, PageController}

  test "the front page, and what stands about us", %{conn: conn} do
    assert conn |> get(~p"/") |> html_response(200) =~ "New in the shop"
    conn = get(conn, ~p"/about")
    assert html_response(conn, 200) =~ "About us"
    assert controller_module(conn) == PageController
  end

  test "pages carry the headers that browsers protect by", %{conn: conn} do
    conn = get(conn, ~p"/about")
    assert [policy] = get_resp_header(conn, "content-security-policy")
    assert policy =~ "default-src 'self'"
    assert [_id] = get_resp_header(conn, "x-request-id")
  end

  test "the shop is well", %{conn: conn} do
    conn = get(conn, ~p"/health")
    assert json_response(conn, 200) == %{"status" => "ok"}
    assert controller_module(conn) == HealthController
  end

  test "the feed has the newest products", %{conn: conn} do
    product = product(name: "Salt & pepper", slug: "salt-pepper")
    conn = conn |> put_req_header("accept", "application/xml") |> get(~p"/feed.xml")
    assert response(conn, 200) =~ "Salt &amp; pepper"
    assert controller_module(conn) == FeedController
    assert FeedXML.index(%{products: [product]}) =~ "/products/salt-pepper"
  end

  test "what is not there says so" do
    assert ErrorJSON.render("404.json", %{}) == %{error: %{detail: "Not Found"}}
    assert ErrorHTML.render("500.html", %{}) == "Internal Server Error"
  end
end
