defmodule Shop.Accounts.Scope do
  @moduledoc """
  On whose behalf something happens.

  Every function of a context that reads or changes what belongs to a customer takes a scope first,
  so that a forgotten filter is a function that cannot be called.
  """

  alias Shop.Accounts.User

  @type t :: %__MODULE__{user: User.t()}

  @enforce_keys [:user]
  defstruct [:user]

  @doc "The scope of a user; nobody's scope is `nil`."
  @spec for_user(User.t() | nil) :: t() | nil
  def for_user(%User{} = user), do: %__MODULE__{user: user}
  def for_user(nil), do: nil

  @doc "Whether the scope may do what only staff does."
  @spec staff?(t() | nil) :: boolean()
  def staff?(%__MODULE__{user: %User{role: role}}), do: role in [:staff, :admin]
  def staff?(nil), do: false

  defimpl Ash.Scope.ToOpts do
    def get_actor(%{user: user}), do: {:ok, user}
    def get_tenant(_scope), do: :error
    def get_context(_scope), do: :error
    def get_tracer(_scope), do: :error
    def get_authorize?(_scope), do: :error
  end
end
