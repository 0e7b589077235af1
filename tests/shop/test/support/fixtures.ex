defmodule Shop.Fixtures do
  @moduledoc "What tests begin with."

  alias Shop.Accounts.{Address, Scope, User}
  alias Shop.Carts
  alias Shop.Catalog.{Category, Product}
  alias Shop.Orders
  alias Shop.Repo

  @password "correct horse battery"

  def password, do: @password

  def user(fields \\ []) do
    %User{email: "user#{unique()}@shop.example", hashed_password: Bcrypt.hash_pwd_salt(@password)}
    |> struct!(fields)
    |> Repo.insert!()
  end

  def scope(fields \\ []), do: fields |> user() |> Scope.for_user()

  def category do
    Repo.insert!(%Category{name: "Shelf", slug: "shelf-#{unique()}"})
  end

  def product(fields \\ []) do
    n = unique()

    %Product{name: "Pan #{n}", slug: "pan-#{n}", price: Decimal.new("10.00"), stock: 10}
    |> struct!(Keyword.put_new_lazy(fields, :category_id, fn -> category().id end))
    |> Repo.insert!()
  end

  def address(%Scope{user: user}) do
    Repo.insert!(%Address{
      user_id: user.id,
      line: "Hafen 1",
      postcode: "20457",
      city: "Hamburg",
      country: "DE"
    })
  end

  def order(%Scope{} = scope) do
    {:ok, _item} = Carts.add_product(scope, product())
    {:ok, order} = Orders.place_order(scope, %{"address_id" => address(scope).id})
    order
  end

  defp unique, do: System.unique_integer([:positive])
end
