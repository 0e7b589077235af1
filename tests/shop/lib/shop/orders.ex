defmodule Shop.Orders do
  @moduledoc "Placing orders, paying them, and what becomes of them."

  import Ecto.Query

  alias Shop.Accounts
  alias Shop.Accounts.{Scope, User}
  alias Shop.Audit
  alias Shop.Carts
  alias Shop.Carts.{Cart, CartItem}
  alias Shop.Catalog.Product
  alias Shop.Orders.{Events, Order, OrderLine}
  alias Shop.Payments
  alias Shop.Pricing
  alias Shop.Repo
  alias Shop.Workers.{BookShipment, OrderMail}

  @page_size 20

  @doc "One page of the customer's own orders, newest first."
  def list_orders(%Scope{user: user}, page) when page > 0 do
    Repo.all(
      from o in Order,
        where: o.user_id == ^user.id,
        order_by: [desc: o.id],
        limit: @page_size,
        offset: ^((page - 1) * @page_size)
    )
  end

  @doc "The newest orders of all customers, for staff."
  def list_recent(scope, status \\ nil)

  def list_recent(%Scope{user: %User{role: role}}, status) when role in [:staff, :admin] do
    Order
    |> order_by(desc: :id)
    |> with_status(status)
    |> limit(@page_size)
    |> preload(:user)
    |> Repo.all()
  end

  def get_order!(%Scope{user: user}, id) do
    Order
    |> Repo.get_by!(id: id, user_id: user.id)
    |> Repo.preload([:address, :lines, :payments])
  end

  @doc "Any customer's order, for staff."
  def get_any_order!(%Scope{user: %User{role: role}}, id) when role in [:staff, :admin] do
    Repo.get!(Order, id)
  end

  @doc "Any customer's order, for jobs and for links that were signed."
  def get_order_by_id!(id), do: Order |> Repo.get!(id) |> Repo.preload([:user, :address, :lines])

  def change_placing(attrs \\ %{}), do: Order.place_changeset(%Order{}, attrs)

  @doc """
  Turns the customer's cart into an order.

  The products are locked, so that the last piece is sold once.
  """
  def place_order(%Scope{} = scope, attrs) do
    placed =
      Audit.transact(scope, "order.placed", fn ->
        cart = Carts.get_cart(scope)

        with :ok <- lock_stock(cart),
             {:ok, address} <- Accounts.fetch_address(scope, attrs["address_id"]),
             {:ok, order} <- insert_order(cart, address, attrs),
             {_count, _rows} <- take_stock(cart),
             {_count, _rows} <- Carts.clear(cart),
             {:ok, _job} <- order |> OrderMail.confirmation() |> Oban.insert() do
          {:ok, order}
        end
      end)

    with {:ok, order} <- placed, :ok <- Events.placed(order), do: {:ok, order}
  end

  @doc """
  Charges the customer for an order of theirs. Asks the payment company: may take seconds.

  The order's number makes the charge idempotent, so that trying again never charges twice.
  """
  def pay(%Scope{} = scope, %Order{} = order, card) do
    with {:ok, reference} <- Payments.charge(order, card),
         {:ok, order} <- record_payment(scope, order, reference),
         :ok <- Events.changed(order) do
      {:ok, order}
    end
  end

  @doc "Takes an order back that has not been shipped, and its pieces into stock."
  def cancel(%Scope{} = scope, %Order{} = order) do
    cancelled =
      Audit.transact(scope, "order.cancelled", fn ->
        with {:ok, order} <- order |> Order.status_changeset(:cancelled) |> Repo.update(),
             {_count, _rows} <- return_stock(order) do
          {:ok, order}
        end
      end)

    with {:ok, order} <- cancelled, :ok <- Events.changed(order), do: {:ok, order}
  end

  @doc "Notes that the parcel has left, and has the customer told."
  def mark_shipped(%Order{} = order) do
    shipped =
      Repo.transact(fn ->
        with {:ok, order} <- order |> Order.status_changeset(:shipped) |> Repo.update(),
             {:ok, _job} <- order |> OrderMail.shipped() |> Oban.insert() do
          {:ok, order}
        end
      end)

    with {:ok, order} <- shipped, :ok <- Events.changed(order), do: {:ok, order}
  end

  defp insert_order(%Cart{items: items}, address, attrs) do
    lines = Enum.map(items, &OrderLine.from_item/1)

    order = %Order{
      user_id: address.user_id,
      address_id: address.id,
      number: Ecto.UUID.generate(),
      lines: lines,
      total: lines |> Enum.map(&OrderLine.total/1) |> Pricing.sum()
    }

    order |> Order.place_changeset(attrs) |> Repo.insert()
  end

  defp lock_stock(%Cart{items: []}), do: {:error, :empty_cart}

  defp lock_stock(%Cart{items: items}) do
    ids = Enum.map(items, & &1.product_id)

    stock =
      Repo.all(
        from p in Product,
          where: p.id in ^ids,
          order_by: p.id,
          lock: "FOR UPDATE",
          select: {p.id, p.stock}
      )

    enough? =
      Enum.all?(items, fn item ->
        {_id, left} = List.keyfind(stock, item.product_id, 0, {nil, 0})
        left >= item.quantity
      end)

    if enough?, do: :ok, else: {:error, :out_of_stock}
  end

  defp take_stock(%Cart{id: cart_id}) do
    Repo.update_all(
      from(p in Product,
        join: i in CartItem,
        on: i.product_id == p.id and i.cart_id == ^cart_id,
        update: [set: [stock: p.stock - i.quantity]]
      ),
      []
    )
  end

  defp return_stock(%Order{id: order_id}) do
    Repo.update_all(
      from(p in Product,
        join: l in OrderLine,
        on: l.product_id == p.id and l.order_id == ^order_id,
        update: [set: [stock: p.stock + l.quantity]]
      ),
      []
    )
  end

  defp record_payment(scope, order, reference) do
    Audit.transact(scope, "order.paid", fn ->
      with {:ok, order} <- order |> Order.status_changeset(:paid) |> Repo.update(),
           {:ok, _payment} <- Payments.record(order, reference),
           {:ok, _job} <- %{order_id: order.id} |> BookShipment.new() |> Oban.insert() do
        {:ok, order}
      end
    end)
  end

  defp with_status(query, nil), do: query
  defp with_status(query, status), do: where(query, status: ^status)
end
