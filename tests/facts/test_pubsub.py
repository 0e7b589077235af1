"""Topics and messages of subscriptions and broadcasts."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.facts.fact import collect, load_collectors
from lsp_server.facts.index import Index
from lsp_server.facts.pages.pubsub import Broadcast, Subscription, collect_pubsub, subscriptions

CODE = """
defmodule Shop.Events do
  alias Phoenix.PubSub

  def subscribe(id), do: PubSub.subscribe(Shop.PubSub, "orders:#{id}")

  def saved(order) do
    PubSub.broadcast_from(Shop.PubSub, self(), "orders:all", {:saved, order})
    ShopWeb.Endpoint.broadcast!("carts", "emptied", %{})
    PubSub.broadcast!(Shop.PubSub, topic(order), :gone)
    Other.broadcast(Shop.PubSub, "orders", :no)
  end
end
"""

list(load_collectors())


def test_topics_and_messages() -> None:
    facts = list(collect_pubsub(Document("lib/shop/events.ex", CODE.encode())))
    subscribed = [one for one in facts if isinstance(one, Subscription)]
    assert [(one.function, one.topic, one.exact) for one in subscribed] == [
        ("subscribe", "orders:", False)
    ]
    sent = [(one.topic, one.exact, one.message) for one in facts if isinstance(one, Broadcast)]
    assert sorted(sent) == [
        ("", False, ":gone"),
        ("carts", True, '%Phoenix.Socket.Broadcast{event: "emptied"}'),
        ("orders:all", True, "{:saved, _}"),
    ]


def test_through_private_functions() -> None:
    code = """
defmodule Shop.Events do
  @all "orders"

  def placed(order), do: tell(order, {:placed, order})
  def paid(order), do: order |> tell(:paid)
  def said(message), do: Phoenix.PubSub.broadcast(Shop.PubSub, @all, message)

  defp tell(order, message) do
    Phoenix.PubSub.broadcast(Shop.PubSub, topic(order.user_id), message)
  end

  defp topic(id), do: "#{@all}:#{id}"
end
"""
    facts = list(collect_pubsub(Document("lib/shop/events.ex", code.encode())))
    sent = [(one.topic, one.exact, one.message) for one in facts if isinstance(one, Broadcast)]
    assert sorted(sent) == [
        ("orders", True, "_"),
        ("orders:", False, ":paid"),
        ("orders:", False, "{:placed, _}"),
    ]


def test_topics_that_are_put_together() -> None:
    code = """
defmodule Shop.Events do
  @all "orders"

  def one(id), do: Phoenix.PubSub.subscribe(Shop.PubSub, "orders:" <> id)
  def two(id), do: Phoenix.PubSub.subscribe(Shop.PubSub, @all <> ":" <> id <> ":paid")
  def three(_), do: Phoenix.PubSub.subscribe(Shop.PubSub, @all <> ":paid")
  def four(id), do: Phoenix.PubSub.subscribe(Shop.PubSub, id <> ":paid")
end
"""
    facts = list(collect_pubsub(Document("lib/shop/events.ex", code.encode())))
    subscribed = [(one.topic, one.exact) for one in facts if isinstance(one, Subscription)]
    assert subscribed == [
        ("orders:", False),
        ("orders:", False),
        ("orders:paid", True),
        ("", False),
    ]


def test_topics_of_other_modules() -> None:
    topics = """
defmodule Shop.Topics do
  def orders, do: "orders"
  def order(id), do: "order:#{id}"
  def either(true), do: "one"
  def either(false), do: "other"
end
"""
    events = """
defmodule Shop.Events do
  alias Shop.Topics

  def one, do: Phoenix.PubSub.subscribe(Shop.PubSub, Topics.orders())
  def two(id), do: Phoenix.PubSub.subscribe(Shop.PubSub, Topics.order(id))
  def three(it), do: Phoenix.PubSub.subscribe(Shop.PubSub, Topics.either(it))
end
"""
    files = {"lib/topics.ex": topics, "lib/events.ex": events}
    index = Index({path: collect(Document(path, one.encode())) for path, one in files.items()})
    assert [(one.topic, one.exact) for _, one in subscriptions(index)] == [
        ("orders", True),
        ("order:", False),
        ("", False),
    ]
