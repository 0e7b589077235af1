defmodule ShopWeb.CheckoutLive do
  @moduledoc "From the cart to a paid order. The charge runs beside the page, which stays usable."

  use ShopWeb, :live_view

  alias Shop.Accounts
  alias Shop.Accounts.Address
  alias Shop.Orders

  @impl true
  def mount(_params, _session, socket) do
    scope = socket.assigns.current_scope

    {:ok,
     socket
     |> assign(page_title: "Check out", paying?: false, order: nil)
     |> assign(:form, to_form(Orders.change_placing()))
     |> assign(:address_form, to_form(Accounts.change_address()))
     |> assign_async(:addresses, fn -> {:ok, %{addresses: Accounts.list_addresses(scope)}} end)}
  end

  @impl true
  def handle_event("add_address", %{"address" => params}, socket) do
    scope = socket.assigns.current_scope

    case Accounts.create_address(scope, params) do
      {:ok, _address} ->
        {:noreply,
         socket
         |> assign(:address_form, to_form(Accounts.change_address()))
         |> assign_async(:addresses, fn ->
           {:ok, %{addresses: Accounts.list_addresses(scope)}}
         end)}

      {:error, changeset} ->
        {:noreply, assign(socket, :address_form, to_form(changeset))}
    end
  end

  def handle_event("place", %{"order" => params}, socket) do
    case Orders.place_order(socket.assigns.current_scope, params) do
      {:ok, order} -> {:noreply, assign(socket, :order, order)}
      {:error, _reason} = error -> reply_saved(error, socket, "", ~p"/cart")
    end
  end

  def handle_event("pay", %{"card" => card}, %{assigns: %{order: %{} = order}} = socket) do
    scope = socket.assigns.current_scope

    {:noreply,
     socket
     |> assign(:paying?, true)
     |> start_async(:pay, fn -> Orders.pay(scope, order, card) end)}
  end

  @impl true
  def handle_async(:pay, {:ok, result}, socket) do
    order = socket.assigns.order
    socket = assign(socket, :paying?, false)
    reply_saved(result, socket, "Thank you! Your order is paid.", ~p"/orders/#{order.id}")
  end

  def handle_async(:pay, {:exit, _reason}, socket) do
    {:noreply,
     socket
     |> assign(:paying?, false)
     |> put_flash(:error, "We could not reach the bank. You were not charged twice.")}
  end

  @impl true
  def render(assigns) do
    ~H"""
    <Layouts.app flash={@flash} current_scope={@current_scope}>
      <.header>Check out</.header>
      <section :if={@order == nil}>
        <.async_result :let={addresses} assign={@addresses}>
          <:loading>Looking up your addresses …</:loading>
          <:failed>Your addresses could not be read.</:failed>
          <.form for={@form} id="order" phx-submit="place">
            <select name="order[address_id]" aria-label="Address">
              <option :for={address <- addresses} value={address.id}>
                {address.line}, {address.city}
              </option>
            </select>
            <.input field={@form[:note]} type="textarea" label="A note for us" />
            <.button type="submit" variant="primary">Order</.button>
          </.form>
        </.async_result>
        <.form for={@address_form} id="address" phx-submit="add_address">
          <.input field={@address_form[:line]} label="Street and number" />
          <.input field={@address_form[:postcode]} label="Postcode" />
          <.input field={@address_form[:city]} label="City" />
          <.input
            field={@address_form[:country]}
            type="select"
            label="Country"
            options={Address.countries()}
          />
          <.button type="submit">Add this address</.button>
        </.form>
      </section>
      <form :if={@order} id="payment" phx-submit="pay">
        <p>To pay: {euros(@order.total)}</p>
        <input type="text" name="card" autocomplete="cc-number" aria-label="Card" required />
        <.button type="submit" variant="primary" disabled={@paying?}>Pay</.button>
      </form>
    </Layouts.app>
    """
  end
end
