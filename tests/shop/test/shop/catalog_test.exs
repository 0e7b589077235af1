defmodule Shop.CatalogTest do
  use Shop.DataCase, async: true

  alias Shop.Catalog
  alias Shop.Catalog.{Category, Events, PriceChange, Product, Review, Tag}

  @attrs %{"name" => "Große Pfanne", "price" => "12.00", "stock" => 3, "tag_list" => "iron, IRON"}

  defp saved_product do
    attrs = Map.put(@attrs, "category_id", category().id)
    {:ok, product} = Catalog.save_product(scope(role: :staff), %Product{}, attrs)
    product
  end

  describe "save_product/3" do
    test "makes a slug and finds or makes the tags" do
      product = saved_product()
      assert product.slug == "gro-e-pfanne"
      assert [%Tag{name: "iron"}] = product.tags
    end

    test "remembers the price that was" do
      product = saved_product()
      assert {:ok, _product} = Catalog.save_product(scope(), product, %{"price" => "9.00"})
      assert [%PriceChange{old_price: old}] = Repo.all(PriceChange)
      assert Decimal.equal?(old, "12.00")
    end

    test "refuses what costs nothing" do
      assert {:error, changeset} = Catalog.save_product(scope(), product(), %{"price" => "0"})
      assert %{price: [_too_little]} = errors_on(changeset)
    end

    test "tells who listens" do
      :ok = Events.subscribe()
      %Product{id: id} = saved_product()
      assert_receive {:product_saved, %Product{id: ^id}}
    end
  end

  describe "archive_product/2" do
    test "takes a product out of the shop, not out of the database" do
      product = product()
      assert {:ok, _product} = Catalog.archive_product(scope(), product)
      assert Catalog.list_products() == []
      assert Catalog.price_of(product.id) == nil
      assert %Product{} = Catalog.get_product!(product.id)
    end
  end

  describe "list_products/1" do
    test "sorts and filters" do
      shelf = category()
      dear = product(price: Decimal.new(9), category_id: shelf.id)
      cheap = product(price: Decimal.new(1), category_id: shelf.id)
      _elsewhere = product()

      listed = Catalog.list_products(sort: :price, category: shelf.slug)
      assert Enum.map(listed, & &1.id) == [cheap.id, dear.id]
      assert Catalog.count_pages(category: shelf.slug) == 1
    end

    test "has no second page when the first is not full" do
      product()
      assert Catalog.list_products(page: 2) == []
      assert Catalog.page_size() > 1
    end
  end

  test "the newest come first" do
    assert Enum.count_until(Catalog.newest_products(3), 4) <= 3
  end

  test "a comparison keeps the order that was asked for" do
    [a, b] = [product(), product()]
    assert [%{id: first}, %{id: second}] = Catalog.compare_products([b.id, 0, a.id])
    assert {first, second} == {b.id, a.id}
  end

  test "a page shows a product with its category" do
    product = product()
    assert %Product{category: %Category{}} = Catalog.get_product_by_slug!(product.slug)
    assert %Ecto.Changeset{} = Catalog.change_product(product)
  end

  describe "categories" do
    test "have one slug each" do
      assert {:ok, %Category{}} =
               Catalog.create_category(scope(), %{"name" => "Garden", "slug" => "garden"})

      assert {:error, changeset} =
               Catalog.create_category(scope(), %{"name" => "Yard", "slug" => "garden"})

      assert %{slug: ["has already been taken"]} = errors_on(changeset)
      assert Enum.any?(Catalog.list_categories(), &(&1.slug == "garden"))
      assert %Ecto.Changeset{} = Catalog.change_category(%Category{})
    end
  end

  describe "reviews" do
    test "are given once and withdrawn by who gave them" do
      scope = scope()
      product = product()
      attrs = %{"rating" => 5, "body" => "It will outlive me."}

      assert {:ok, %Review{id: id}} = Catalog.create_review(scope, product, attrs)
      assert {:error, changeset} = Catalog.create_review(scope, product, attrs)
      assert %{product_id: ["was given before"]} = errors_on(changeset)

      assert {:error, :not_found} = Catalog.delete_review(scope(), id)
      assert {:ok, %Review{}} = Catalog.delete_review(scope, id)
    end

    test "have one to five stars" do
      assert %{rating: [_six]} = errors_on(Catalog.change_review(%{"rating" => 6}))
    end
  end
end
