defmodule ShopWeb.ComponentsTest do
  use ExUnit.Case, async: true

  import Phoenix.Component
  import Phoenix.LiveViewTest

  alias Shop.Catalog.{Product, Review}
  alias ShopWeb.{CoreComponents, Layouts, ProductComponents}

  test "a message is shown when there is one" do
    flash = %{"info" => "Saved."}
    assert render_component(&CoreComponents.flash/1, kind: :info, flash: flash) =~ "Saved."
    refute render_component(&CoreComponents.flash/1, kind: :error, flash: flash) =~ "Saved."
  end

  test "a field shows its errors once it was used" do
    form = to_form(%{"name" => ""}, errors: [name: {"is missing", []}])
    html = render_component(&CoreComponents.input/1, field: form[:name], label: "Name")
    assert html =~ "is missing"
  end

  test "a button that leads somewhere is a link" do
    slot = [%{__slot__: :inner_block, inner_block: fn _assigns, _changed -> "Go" end}]
    html = render_component(&CoreComponents.button/1, navigate: "/cart", inner_block: slot)
    assert html =~ ~s(href="/cart")
  end

  test "errors are counted in words" do
    message = "should be at least %{count} character(s)"
    assert CoreComponents.translate_error({message, count: 3}) =~ "3"
  end

  test "few pieces are counted, many are not" do
    assert render_component(&ProductComponents.stock/1, pieces: 2) =~ "Only 2 left"
    assert render_component(&ProductComponents.stock/1, pieces: 0) =~ "Sold out"
  end

  test "a review has stars" do
    review = %Review{rating: 2, body: "It broke."}
    assert render_component(&ProductComponents.review/1, review: review) =~ "★★"
    assert %Product{}.stock == 0
  end

  test "visitors can register" do
    slot = [%{__slot__: :inner_block, inner_block: fn _assigns, _changed -> "" end}]
    assert render_component(&Layouts.app/1, flash: %{}, inner_block: slot) =~ "Register"
  end
end
