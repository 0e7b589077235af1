"""phoenix/view-module"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.lint.file import File
from lsp_server.lint.finding import Finding, Tag
from lsp_server.lint.rule import Rule, on
from lsp_server.syntax.elixir import Call
from lsp_server.syntax.names import directives

_VIEW = "Phoenix.View"


class ViewModule(Rule):
    """
    A view of Phoenix.View, or a call that only such views answer.

    Phoenix 1.7 put function components in the place of views: a controller renders the functions of
    an `…HTML` or `…JSON` module, and templates are embedded in it. Phoenix.View lives on in a
    package of its own that gets no new features, and every page made with it stays outside of
    layouts, slots and `~p` as the rest of the application has them.

    ## Bad

    ```elixir
    defmodule ShopWeb.ProductView do
      use Phoenix.View, root: "lib/shop_web/templates", namespace: ShopWeb

      def price(product), do: Money.to_string(product.price)
    end
    ```

    ## Good

    ```elixir
    defmodule ShopWeb.ProductHTML do
      use Phoenix.Component

      embed_templates "product_html/*"

      def price(product), do: Money.to_string(product.price)
    end
    ```

    ## When it stays silent

    - The project's Phoenix is older than 1.7.
    - `use ShopWeb, :view` of a module that is known to bring something else.

    ## What the fix changes

    There is none: templates move to another folder and get other assigns. Write an `…HTML` module
    with `embed_templates`, name it in `plug :put_view, html: …` or `use … formats: […]`, and delete
    the view.
    """

    requires = "phoenix >= 1.7.0"
    tags = (Tag.DEPRECATED,)

    @on(Call, name="use")
    def uses(self, call: Call, file: File) -> Iterator[Finding]:
        """`use Phoenix.View`, also through the project's own `:view`."""
        if file.form is None or call.span != file.form.span:
            return
        names = file.names(call)
        for one in directives(call):
            target = names.expand(one.target)
            brought = file.context.expansion([(target, one.selector)])
            known = bool(brought.used - {target} or brought.imports or brought.functions)
            if target == _VIEW or _VIEW in brought.used or (one.selector == "view" and not known):
                yield self.finding(
                    call.written_arguments[0],
                    f"`{file.module.name}` is a view of Phoenix.View: Phoenix 1.7 has function "
                    "components and `embed_templates` instead",
                )

    @on(Call, name=("render_existing", "view_module"))
    def calls(self, call: Call, file: File) -> Iterator[Finding]:
        """Functions that ask for a view."""
        if call.name == "view_module" and call.arity != 1:
            return
        if call.name == "render_existing" and call.arity not in (2, 3):
            return
        module = file.module_of(call)
        owners = {"render_existing": (_VIEW,), "view_module": ("Phoenix.Controller",)}[call.name]
        if module in owners or (
            module is None and call.receiver is None and not file.is_local(call)
        ):
            advice = (
                "use `function_exported?/3` or a slot"
                if call.name == "render_existing"
                else "say the module, or pass what the layout needs as an assign"
            )
            yield self.finding(
                call.name_span, f"`{call.name}` only knows views of Phoenix.View: {advice}"
            )
