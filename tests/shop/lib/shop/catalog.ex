defmodule Shop.Catalog do
  @moduledoc "Products, the categories they stand in, and what customers say of them."

  import Ecto.Query

  alias Shop.Accounts.Scope
  alias Shop.Audit
  alias Shop.Cache
  alias Shop.Catalog.{Category, Events, PriceChange, Product, Review, Tag}
  alias Shop.Repo

  @page_size 24
  @max_categories 200
  @max_reviews 50

  def page_size, do: @page_size

  @doc """
  One page of what is for sale.

  Options: `:page` (from 1), `:sort` (`:name`, `:price` or `:newest`), `:category` (a slug).
  """
  def list_products(opts \\ []) do
    page = Keyword.get(opts, :page, 1)

    for_sale()
    |> in_category(opts[:category])
    |> sorted(Keyword.get(opts, :sort, :name))
    |> limit(@page_size)
    |> offset(^((page - 1) * @page_size))
    |> preload(:category)
    |> Repo.all()
  end

  @doc "How many pages `list_products/1` has for these options."
  def count_pages(opts \\ []) do
    products = for_sale() |> in_category(opts[:category]) |> Repo.all() |> length() # error: [ecto/filter-in-memory]
    max(1, ceil(products / @page_size))
  end

  @doc "The newest products, for the front page and the feed."
  def newest_products(count) when count in 1..50 do
    Cache.fetch({__MODULE__, :newest, count}, :timer.minutes(1), fn ->
      for_sale() |> sorted(:newest) |> limit(^count) |> preload(:category) |> Repo.all()
    end)
  end

  @doc "The products of a comparison, in the order that the customer chose."
  def compare_products(ids) do
    ids
    |> Enum.take(4)
    |> Enum.map(fn id -> Repo.get(Product, id) end) # error: [ecto/query-in-loop]
    |> Enum.reject(&is_nil/1)
  end

  def get_product!(id), do: Product |> Repo.get!(id) |> Repo.preload([:category, :tags])

  @doc "A product that is for sale, with all that its page shows."
  def get_product_by_slug!(slug) do
    reviews = from r in Review, order_by: [desc: r.id], limit: @max_reviews, preload: [:user]

    for_sale()
    |> preload([:category, :tags, reviews: ^reviews])
    |> Repo.get_by!(slug: slug)
  end

  @doc "What one piece costs now; `nil` for what is no longer sold."
  @spec price_of(pos_integer()) :: Decimal.t() | nil
  def price_of(product_id) do
    Repo.one(from p in for_sale(), where: p.id == ^product_id, select: p.price)
  end

  def change_product(%Product{} = product, attrs \\ %{}) do
    Product.changeset(product, attrs)
  end

  @doc "Creates a product, or changes one and remembers its old price."
  def save_product(%Scope{} = scope, %Product{} = product, attrs) do
    saved =
      Audit.transact(scope, "product.saved", fn ->
        tags = upsert_tags(Tag.names(attrs["tag_list"]))
        changeset = product |> Repo.preload(:tags) |> Product.changeset(attrs, tags)

        with {:ok, saved} <- Repo.insert_or_update(changeset),
             {:ok, _change} <- remember_price(scope, product, saved) do
          {:ok, saved}
        end
      end)

    with {:ok, product} <- saved, :ok <- Events.saved(product), do: {:ok, product}
  end

  @doc "Takes a product out of the shop. It can still be found in old orders."
  def archive_product(%Scope{} = scope, %Product{} = product) do
    archived =
      Audit.transact(scope, "product.archived", fn ->
        product |> Product.archive_changeset() |> Repo.update()
      end)

    with {:ok, product} <- archived, :ok <- Events.archived(product), do: {:ok, product}
  end

  @doc "All categories in their order, from memory."
  def list_categories do
    Cache.fetch({__MODULE__, :categories}, :timer.minutes(10), fn ->
      Repo.all(from c in Category, order_by: [c.position, c.name], limit: @max_categories)
    end)
  end

  def change_category(%Category{} = category, attrs \\ %{}) do
    Category.changeset(category, attrs)
  end

  def create_category(%Scope{} = scope, attrs) do
    created =
      Audit.transact(scope, "category.created", fn ->
        %Category{} |> change_category(attrs) |> Repo.insert()
      end)

    :ok = Cache.forget({__MODULE__, :categories})
    created
  end

  def change_review(attrs \\ %{}), do: Review.changeset(%Review{}, attrs)

  def create_review(%Scope{user: user}, %Product{id: product_id}, attrs) do
    %Review{user_id: user.id, product_id: product_id}
    |> Review.changeset(attrs)
    |> Repo.insert()
  end

  @doc "Customers withdraw their own reviews."
  @spec delete_review(Scope.t(), String.t()) :: {:ok, Review.t()} | {:error, :not_found}
  def delete_review(%Scope{user: user} = scope, id) do
    case Repo.get_by(Review, id: id, user_id: user.id) do
      nil -> {:error, :not_found}
      review -> Audit.transact(scope, "review.deleted", fn -> Repo.delete(review) end)
    end
  end

  defp for_sale, do: from(p in Product, where: is_nil(p.archived_at))

  defp in_category(query, nil), do: query

  defp in_category(query, slug) do
    from p in query, join: c in assoc(p, :category), where: c.slug == ^slug
  end

  defp sorted(query, :price), do: order_by(query, asc: :price, asc: :id)
  defp sorted(query, :newest), do: order_by(query, desc: :inserted_at, desc: :id)
  defp sorted(query, _name), do: order_by(query, asc: :name, asc: :id)

  defp upsert_tags([]), do: []

  defp upsert_tags(names) do
    now = DateTime.utc_now(:second)
    rows = Enum.map(names, &%{name: &1, inserted_at: now})
    Repo.insert_all(Tag, rows, on_conflict: :nothing, conflict_target: :name)
    Repo.all(from t in Tag, where: t.name in ^names)
  end

  defp remember_price(_scope, %Product{price: nil}, %Product{}), do: {:ok, :new}

  defp remember_price(scope, before, now) do
    if Decimal.equal?(before.price, now.price) do
      {:ok, :same}
    else
      scope |> PriceChange.between(before, now) |> Repo.insert()
    end
  end
end
