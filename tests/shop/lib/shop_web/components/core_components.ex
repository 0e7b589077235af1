defmodule ShopWeb.CoreComponents do
  @moduledoc "The shop's buttons, fields and messages."

  use Phoenix.Component
  use Gettext, backend: ShopWeb.Gettext

  alias Phoenix.HTML.FormField

  @doc "A message that goes away with the next page."
  attr :flash, :map, required: true
  attr :kind, :atom, values: [:info, :error], required: true
  attr :rest, :global

  def flash(assigns) do
    ~H"""
    <p
      :if={message = Phoenix.Flash.get(@flash, @kind)}
      id={"flash-#{@kind}"}
      class={["flash", @kind == :error && "error"]}
      role="alert"
      phx-click="lv:clear-flash"
      phx-value-key={@kind}
      {@rest}
    >
      {message}
    </p>
    """
  end

  attr :rest, :global, include: ~w(href navigate patch method download name value disabled form)
  attr :variant, :string, values: ~w(primary quiet), default: "quiet"
  slot :inner_block, required: true

  @doc "A button, or a link that looks like one where it is told where to go."
  def button(%{rest: rest} = assigns) do
    if rest[:href] || rest[:navigate] || rest[:patch] do
      ~H"""
      <.link class={["button", @variant]} {@rest}>{render_slot(@inner_block)}</.link>
      """
    else
      ~H"""
      <button class={["button", @variant]} {@rest}>{render_slot(@inner_block)}</button>
      """
    end
  end

  @doc "A field of a form, with its label and what is wrong with it."
  attr :field, FormField, required: true
  attr :label, :string, default: nil
  attr :type, :string, default: "text"
  attr :options, :list, default: []
  attr :prompt, :string, default: nil
  attr :rest, :global, include: ~w(autocomplete min max step required rows placeholder)

  def input(%{field: %FormField{} = field} = assigns) do
    errors = if Phoenix.Component.used_input?(field), do: field.errors, else: []
    assigns = assign(assigns, :errors, Enum.map(errors, &translate_error/1))

    ~H"""
    <div class="field">
      <label :if={@label} for={@field.id}>{@label}</label>
      <.control type={@type} field={@field} options={@options} prompt={@prompt} rest={@rest} />
      <p :for={error <- @errors} class="error">{error}</p>
    </div>
    """
  end

  attr :type, :string, required: true
  attr :field, FormField, required: true
  attr :options, :list, required: true
  attr :prompt, :string, required: true
  attr :rest, :map, required: true

  defp control(%{type: "textarea"} = assigns) do
    ~H"""
    <textarea id={@field.id} name={@field.name} {@rest}>{Phoenix.HTML.Form.normalize_value("textarea", @field.value)}</textarea>
    """
  end

  defp control(%{type: "select"} = assigns) do
    ~H"""
    <select id={@field.id} name={@field.name} {@rest}>
      <option :if={@prompt} value="">{@prompt}</option>
      {Phoenix.HTML.Form.options_for_select(@options, @field.value)}
    </select>
    """
  end

  defp control(assigns) do
    ~H"""
    <input
      type={@type}
      id={@field.id}
      name={@field.name}
      value={Phoenix.HTML.Form.normalize_value(@type, @field.value)}
      {@rest}
    />
    """
  end

  slot :inner_block, required: true
  slot :actions

  @doc "The title of a page, and what can be done on it."
  def header(assigns) do
    ~H"""
    <header>
      <h1>{render_slot(@inner_block)}</h1>
      <div :if={@actions != []} class="actions">{render_slot(@actions)}</div>
    </header>
    """
  end

  @doc "Rows of a stream."
  attr :id, :string, required: true
  attr :rows, :any, required: true

  slot :col, required: true do
    attr :label, :string
  end

  def table(assigns) do
    ~H"""
    <table>
      <thead>
        <tr>
          <th :for={col <- @col}>{col[:label]}</th>
        </tr>
      </thead>
      <tbody id={@id} phx-update="stream">
        <tr :for={{row_id, row} <- @rows} id={row_id}>
          <td :for={col <- @col}>{render_slot(col, row)}</td>
        </tr>
      </tbody>
    </table>
    """
  end

  @doc "An error of a changeset in the reader's language."
  def translate_error({message, opts}) do
    if count = opts[:count] do
      Gettext.dngettext(ShopWeb.Gettext, "errors", message, message, count, opts)
    else
      Gettext.dgettext(ShopWeb.Gettext, "errors", message, opts)
    end
  end
end
