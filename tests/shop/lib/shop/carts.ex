defmodule Shop.Carts do
  @moduledoc """
  The customers' carts.

  Who subscribes to a cart receives `:cart_changed`, also from the customer's other windows.
  """

  import Ecto.Query

  alias Phoenix.PubSub
  alias Shop.Accounts.Scope
  alias Shop.Carts.{Cart, CartItem}
  alias Shop.Catalog.Product
  alias Shop.Pricing
  alias Shop.Repo

  @keep_days 30

  def subscribe(%Scope{} = scope), do: PubSub.subscribe(Shop.PubSub, topic(scope))

  @doc "The customer's cart with its items and their products; empty where there is none yet."
  @spec get_cart(Scope.t()) :: Cart.t()
  def get_cart(%Scope{user: user}) do
    case Repo.get_by(Cart, user_id: user.id) do
      nil -> %Cart{user_id: user.id, items: []}
      cart -> Repo.preload(cart, items: :product)
    end
  end

  @doc "How many pieces there are, for the badge beside the cart's link."
  @spec count_items(Scope.t() | nil) :: non_neg_integer()
  def count_items(nil), do: 0

  def count_items(%Scope{user: user}) do
    query = from i in CartItem, join: c in assoc(i, :cart), where: c.user_id == ^user.id
    Repo.aggregate(query, :sum, :quantity) || 0
  end

  @doc "What the cart costs at the prices of today."
  @spec total(Cart.t()) :: Decimal.t()
  def total(%Cart{items: items}) do
    items
    |> Enum.map(fn item -> Pricing.line_total(item) end) # error: [ecto/query-in-loop]
    |> Pricing.sum()
  end

  @doc "Puts one more piece of a product into the cart."
  def add_product(%Scope{} = scope, %Product{id: product_id}) do
    added =
      Repo.transact(fn ->
        with {:ok, cart} <- ensure_cart(scope) do
          %CartItem{cart_id: cart.id, product_id: product_id}
          |> CartItem.quantity_changeset(%{})
          |> Repo.insert(
            on_conflict: [inc: [quantity: 1]],
            conflict_target: [:cart_id, :product_id]
          )
        end
      end)

    with {:ok, item} <- added, :ok <- tell(scope), do: {:ok, item}
  end

  @doc "Sets how many pieces of an item of the customer's own cart there are."
  def set_quantity(%Scope{} = scope, item_id, quantity) do
    with {:ok, item} <- fetch_item(scope, item_id),
         {:ok, item} <-
           item |> CartItem.quantity_changeset(%{quantity: quantity}) |> Repo.update(),
         :ok <- tell(scope) do
      {:ok, item}
    end
  end

  def remove_item(%Scope{} = scope, item_id) do
    with {:ok, item} <- fetch_item(scope, item_id),
         {:ok, item} <- Repo.delete(item),
         :ok <- tell(scope) do
      {:ok, item}
    end
  end

  @doc "Notes that the customer still looks at the cart, so that it is not deleted."
  @spec keep(Cart.t()) :: :ok
  def keep(%Cart{id: nil}), do: :ok

  def keep(%Cart{} = cart) do
    seen = Ecto.Changeset.change(cart, updated_at: DateTime.utc_now(:second))
    _ = Repo.update(seen) # error: [ecto/ignored-result]
    :ok
  end

  @doc "Empties a cart whose contents were ordered; part of the order's transaction."
  def clear(%Cart{id: id}) do
    Repo.delete_all(from i in CartItem, where: i.cart_id == ^id)
  end

  @doc "Deletes the carts that nobody has touched for a month."
  @spec delete_old() :: non_neg_integer()
  def delete_old do
    {count, _rows} = Repo.delete_all(from c in Cart, where: c.updated_at < ago(@keep_days, "day"))

    count
  end

  # Two windows may create the cart at once: the second finds the first one's.
  defp ensure_cart(%Scope{user: user}) do
    Repo.insert(%Cart{user_id: user.id},
      on_conflict: [set: [updated_at: DateTime.utc_now(:second)]],
      conflict_target: :user_id,
      returning: true
    )
  end

  defp fetch_item(%Scope{user: user}, item_id) do
    query =
      from i in CartItem,
        join: c in assoc(i, :cart),
        where: i.id == ^item_id and c.user_id == ^user.id

    case Repo.one(query) do
      nil -> {:error, :not_found}
      item -> {:ok, item}
    end
  end

  defp tell(scope), do: PubSub.broadcast(Shop.PubSub, topic(scope), :cart_changed)

  defp topic(%Scope{user: user}), do: "cart:#{user.id}"
end
