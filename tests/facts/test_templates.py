"""What templates say, and what function components declare."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.facts.fact import Fact
from lsp_server.facts.pages.components import Attr, FunctionComponent, Slot, collect_components
from lsp_server.facts.pages.templates import (
    AssignRead,
    ComponentCall,
    EventBinding,
    Template,
    collect_templates,
)

FILE = "lib/shop_web/live/page_live.html.heex"
CODE = "lib/shop_web/live/page_live.ex"


def facts(text: str, path: str = FILE) -> list[Fact]:
    return list(collect_templates(Document(path, text.encode())))


def reads(text: str, path: str = FILE) -> list[tuple[str, str, bool]]:
    (template,) = [one for one in facts(text, path) if isinstance(one, Template)]
    return [(one.name, one.field, one.loop) for one in template.reads]


def calls(text: str, path: str = FILE) -> list[tuple[str, str, str]]:
    found = [one for one in facts(text, path) if isinstance(one, ComponentCall)]
    return [(one.kind, one.target, one.name) for one in found]


def events(text: str, path: str = FILE) -> list[tuple[str, str, str]]:
    found = [one for one in facts(text, path) if isinstance(one, EventBinding)]
    for one in found:
        named = one.span.slice(text.encode()).decode().strip("\"':")
        assert named == one.event, "the span covers the name"
    return [(one.event, one.binding, one.to) for one in found]


def module(body: str) -> str:
    return (
        "defmodule ShopWeb.PageLive do\n  use ShopWeb, :live_view\n"
        f"  alias ShopWeb.Cards\n\n{body}\nend\n"
    )


def render(template: str, sigil: str = "H") -> str:
    return module(f'  def render(assigns) do\n    ~{sigil}"""\n{template}\n    """\n  end')


def test_a_file_is_a_template_of_no_module() -> None:
    (template,) = facts("<p>{@name}</p>\n")
    assert isinstance(template, Template)
    assert template.is_file and template.function == "page_live" and template.dialect == "heex"
    assert template.reads == (AssignRead("name", "", False, template.reads[0].span),)
    assert template.reads[0].span.slice(b"<p>{@name}</p>\n") == b"@name"


def test_a_sigil_belongs_to_its_function() -> None:
    text = module('  def a(assigns), do: ~H"<p>{@x}</p>"\n  defp b(x, assigns), do: ~L"<%= @y %>"')
    first, second = (one for one in facts(text, CODE) if isinstance(one, Template))
    assert (first.module, first.function, first.arity) == ("ShopWeb.PageLive", "a", 1)
    assert (second.function, second.arity, second.dialect) == ("b", 2, "leex")
    assert not first.is_file


def test_assigns_that_are_read() -> None:
    text = '<p :if={@a} class={["x", @b]}>{f(@c.name)} <%= @d? %></p>{"user@example.com"}'
    assert [name for name, _, _ in reads(text)] == ["a", "b", "c", "d?"]


def test_loops_over_assigns() -> None:
    text = """
    <li :for={{id, x} <- @streams.orders} id={id}>{x}</li>
    <%= for x <- @xs do %><% end %>
    <%= for x <- @ys, x.ok do %><% end %>
    <li :for={x <- @zs |> Enum.take(2)} />
    <li :for={x <- Enum.take(@us, 2)} />
    <li :for={x <- @vs.entries} />
    <li :for={entry <- @uploads.avatar.entries} />
    {length(@streams.orders)}
    """
    assert reads(text) == [
        ("streams", "orders", True),
        ("xs", "", True),
        ("ys", "", True),
        ("zs", "", False),
        ("us", "", False),
        ("vs", "", False),
        ("uploads", "avatar", False),
        ("streams", "orders", False),
    ]


def test_assigns_handed_on_as_a_whole() -> None:
    def whole(text: str) -> bool:
        (template,) = [one for one in facts(text) if isinstance(one, Template)]
        return template.whole

    assert whole("<.card {assigns} />") and whole("{render_card(assigns)}")
    assert not whole("{assigns.name}") and not whole("{assigns[:name]}") and not whole("assigns")
    assert not whole("{socket.assigns}") and not whole("{my_assigns}")


def test_component_tags() -> None:
    text = """
    <.button>a</.button><Cards.list xs={@xs} /><ShopWeb.Cards.Card.show />
    <.live_component module={Cards.Editor} id="x" />
    <.live_component module={@module} id="y" />
    {live_render(@socket, Cards.Live, id: "z")}
    <:slot /><div />
    """
    expected = [
        ("live_render", "{}.Live", "render"),
        ("component", "", "button"),
        ("component", "{}", "list"),
        ("component", "ShopWeb.Cards.Card", "show"),
        ("live_component", "{}.Editor", "render"),
        ("live_component", "", "render"),
    ]
    assert calls(text) == [(kind, target.format("Cards"), name) for kind, target, name in expected]
    inside = [(kind, target.format("ShopWeb.Cards"), name) for kind, target, name in expected]
    assert calls(render(text), CODE) == inside


def test_components_called_as_functions() -> None:
    text = module(
        "  def render(assigns), do: Cards.list(assigns)\n"
        "  def other(%{x: _} = assigns), do: list(assigns)\n"
        "  defdelegate third(assigns), to: Cards, as: :list\n"
    )
    assert calls(text, CODE) == [
        ("function", "ShopWeb.Cards", "list"),
        ("function", "", "list"),
        ("function", "ShopWeb.Cards", "list"),
    ]


def test_the_old_ways_to_render_a_live_component() -> None:
    text = render(
        "<%= live_component @socket, Cards.Editor, id: 1 %>"
        "<%= live_component Cards.List do %><% end %><%= live_component @socket, @module %>",
        "L",
    )
    assert calls(text, CODE) == [
        ("live_component", "ShopWeb.Cards.Editor", "render"),
        ("live_component", "ShopWeb.Cards.List", "render"),
        ("live_component", "", "render"),
    ]


def test_events_of_attributes() -> None:
    text = """
    <a phx-click="open" />
    <.button phx-click={"close"} phx-target={@myself} />
    <form phx-submit="save" phx-change="validate" phx-target="#box"></form>
    <p phx-window-keydown="key" phx-target={@target} phx-value-id="no" phx-hook="No" />
    <p phx-click={@event} phx-blur={if @x, do: "a", else: "b"} phx-focus="[[&quot;x&quot;]]" />
    """
    assert events(text) == [
        ("open", "phx-click", ""),
        ("close", "phx-click", "@myself"),
        ("save", "phx-submit", "#box"),
        ("validate", "phx-change", "#box"),
        ("key", "phx-window-keydown", "@target"),
    ]


def test_events_of_commands_and_hooks() -> None:
    text = """
    <a phx-click={JS.push("open") |> JS.push("close", target: @myself)} />
    <.modal on_cancel={Phoenix.LiveView.JS.push("cancel")} />
    <a phx-click={push("no")} phx-focus={JS.push(@event)} />
    <script :type={Phoenix.LiveView.ColocatedHook} name=".Sort">
      this.pushEvent("sort", {}); this.pushEventTo(this.el, 'move', {})
    </script>
    <script>this.pushEvent("no")</script>
    """
    assert sorted(events(text)) == [
        ("cancel", "JS.push", ""),
        ("close", "JS.push", "@myself"),
        ("move", "pushEvent", "element"),
        ("open", "JS.push", ""),
        ("sort", "pushEvent", ""),
    ]
    code = module('  def hide(js), do: js |> JS.push("hide", target: "#x")\n')
    assert events(code, CODE) == [("hide", "JS.push", '"#x"')]


def test_events_of_old_templates() -> None:
    text = render(
        '<a phx-click="show" phx-target="<%= @myself %>" phx-blur="<%= @x %>"></a>\n'
        '<%= f = form_for @c, "#", phx_change: :validate, phx_submit: "save",\n'
        "  phx_target: @myself %>"
        '<%= link "a", to: "#", "phx-click": "go" %>',
        "L",
    )
    assert sorted(events(text, CODE)) == [
        ("go", "phx-click", ""),
        ("save", "phx-submit", "@myself"),
        ("show", "phx-click", "@myself"),
        ("validate", "phx-change", "@myself"),
    ]


def test_only_the_application_has_templates() -> None:
    assert facts(render("{@x}"), "test/page_live_test.ex") == []
    assert facts("<p>{@x}</p>", "priv/templates/page.html.heex") == []
    assert facts("defmodule A do\n  def a, do: 1\nend\n", CODE) == []


def test_broken_templates_are_read_as_far_as_they_go() -> None:
    assert ("open", "phx-click", "") in events('<div><a phx-click="open" {@x <p>{@y')
    assert facts(render("<%= if @x do %>{@y}"), CODE) != []


COMPONENTS = """
defmodule ShopWeb.Cards do
  use Phoenix.Component

  attr :title, :string, required: true
  attr :rest, :global, include: ~w(href)
  attr :size, ShopWeb.Size, default: %{a: 1}
  slot :inner_block, required: true

  slot :item do
    attr :name, :string, required: true
  end

  def card(%{title: "x"} = assigns), do: ~H"<p>{@title}</p>"
  def card(assigns), do: ~H"<p>{@title}</p>"

  defp plain(assigns) do
    ~H"<b />"
  end

  attr :x, :any
  def without_template(assigns), do: plain(assigns)

  def helper(x), do: x
  def two(a, assigns), do: {a, ~H"<i />"}
end
"""


def test_function_components() -> None:
    document = Document("lib/shop_web/cards.ex", COMPONENTS.encode())
    card, plain, other = collect_components(document)
    assert (card.module, card.name) == ("ShopWeb.Cards", "card")
    assert card.span.slice(document.source) == b"card"
    assert [(one.name, one.type, one.required, one.default) for one in card.attrs] == [
        ("title", "string", True, None),
        ("rest", "global", False, None),
        ("size", "ShopWeb.Size", False, "%{a: 1}"),
    ]
    block, item = card.slots
    assert (block.name, block.required, block.attrs) == ("inner_block", True, ())
    assert isinstance(item, Slot) and [one.name for one in item.attrs] == ["name"]
    size = card.attr("size")
    assert isinstance(size, Attr) and size.span.slice(document.source).startswith(b"attr :size")
    assert card.declares and card.attr("no") is None
    assert plain == FunctionComponent("ShopWeb.Cards", "plain", (), (), plain.span)
    assert not plain.declares
    assert other.name == "without_template" and [one.name for one in other.attrs] == ["x"]
