defmodule Shop.Accounts.UserToken do
  @moduledoc """
  What proves that somebody is a user: a session's cookie, a link in a mail.

  The database holds a digest. Who reads it cannot log in with what they find.
  """

  use Ecto.Schema

  import Ecto.Query

  alias Shop.Accounts.User

  @bytes 32
  @days %{"session" => 14, "confirm" => 3}

  schema "users_tokens" do
    field :token, :binary, redact: true
    field :context, :string

    belongs_to :user, User

    timestamps(type: :utc_datetime, updated_at: false)
  end

  @doc "A fresh token for the outside, and the record to insert for it."
  def build(%User{id: user_id}, context) when is_map_key(@days, context) do
    raw = :crypto.strong_rand_bytes(@bytes)

    {Base.url_encode64(raw, padding: false),
     %__MODULE__{token: digest(raw), context: context, user_id: user_id}}
  end

  @doc "The query for the user of a token that is of that context and not too old."
  def user_query(encoded, context) do
    case Base.url_decode64(encoded, padding: false) do
      {:ok, raw} -> {:ok, user_of(digest(raw), context)}
      :error -> {:error, :invalid_token}
    end
  end

  def by_token_query(encoded, context) do
    raw = Base.url_decode64!(encoded, padding: false)
    from t in __MODULE__, where: t.token == ^digest(raw) and t.context == ^context
  end

  def by_user_query(%User{id: user_id}) do
    from t in __MODULE__, where: t.user_id == ^user_id
  end

  defp user_of(digest, context) do
    from t in __MODULE__,
      join: u in assoc(t, :user),
      where: t.token == ^digest and t.context == ^context,
      where: t.inserted_at > ago(^Map.fetch!(@days, context), "day"),
      select: u
  end

  defp digest(raw), do: :crypto.hash(:sha256, raw)
end
