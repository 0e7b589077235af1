defmodule Shop.Accounts do
  @moduledoc "Users, how they prove who they are, and their addresses."

  import Ecto.Query

  alias Shop.Accounts.{Address, Scope, User, UserNotifier, UserToken}
  alias Shop.Audit
  alias Shop.Repo

  require Logger

  @max_addresses 20

  def get_user!(id), do: Repo.get!(User, id)

  @spec authenticate(String.t(), String.t()) :: {:ok, User.t()} | {:error, :invalid_credentials}
  def authenticate(email, password) when is_binary(email) and is_binary(password) do
    user = Repo.get_by(User, email: email)

    if User.valid_password?(user, password) do
      {:ok, user}
    else
      {:error, :invalid_credentials}
    end
  end

  def change_registration(attrs \\ %{}), do: User.registration_changeset(%User{}, attrs)

  @doc "Opens an account and mails its confirmation link, which `url_of` makes of a token."
  def register_user(attrs, url_of) when is_function(url_of, 1) do
    registered =
      Repo.transact(fn ->
        with {:ok, user} <- attrs |> change_registration() |> Repo.insert(),
             {encoded, token} = UserToken.build(user, "confirm"),
             {:ok, _token} <- Repo.insert(token) do
          {:ok, {user, encoded}}
        end
      end)

    with {:ok, {user, encoded}} <- registered do
      :ok = UserNotifier.confirmation(user, url_of.(encoded))
      {:ok, user}
    end
  end

  @doc "Confirms the account of a mailed token; the token works once."
  @spec confirm_user(String.t()) ::
          {:ok, User.t()} | {:error, :invalid_token | Ecto.Changeset.t()}
  def confirm_user(encoded) do
    Repo.transact(fn ->
      with {:ok, query} <- UserToken.user_query(encoded, "confirm"),
           %User{} = user <- Repo.one(query),
           {:ok, user} <- user |> User.confirmation_changeset() |> Repo.update(),
           {1, _rows} <- Repo.delete_all(UserToken.by_token_query(encoded, "confirm")) do
        {:ok, user}
      else
        {:error, reason} -> {:error, reason}
        _no_such_token -> {:error, :invalid_token}
      end
    end)
  end

  @doc "A token for the session cookie."
  def create_session_token(%User{} = user) do
    {encoded, token} = UserToken.build(user, "session")
    Repo.insert!(token)
    encoded
  end

  @doc "The scope of a session cookie's token, `nil` for one that is unknown or too old."
  @spec scope_for_session(String.t()) :: Scope.t() | nil
  def scope_for_session(encoded) do
    case UserToken.user_query(encoded, "session") do
      {:ok, query} -> query |> Repo.one() |> Scope.for_user()
      {:error, :invalid_token} -> nil
    end
  end

  def delete_session_token(encoded) do
    {_count, _rows} = Repo.delete_all(UserToken.by_token_query(encoded, "session"))
    :ok
  end

  @doc "Remembers when a user was last here."
  def record_sign_in(%User{} = user) do
    user |> User.sign_in_changeset() |> Repo.update() # error: [ecto/ignored-result]
    Logger.info("signed in", user_id: user.id)
    :telemetry.execute([:shop, :accounts, :sign_in], %{count: 1}, %{role: user.role})
  end

  def change_password(%Scope{user: user}, attrs \\ %{}), do: User.password_changeset(user, attrs)

  @doc "Sets a new password and ends every session of the user."
  def update_password(%Scope{} = scope, current, attrs) do
    if User.valid_password?(scope.user, current) do
      replace_password(scope, change_password(scope, attrs))
    else
      changeset = change_password(scope, attrs)
      {:error, Ecto.Changeset.add_error(changeset, :password, "old password is wrong")}
    end
  end

  def list_addresses(%Scope{user: user}) do
    Repo.all(from a in Address, where: a.user_id == ^user.id, limit: @max_addresses)
  end

  @doc "An address of the user's own."
  @spec fetch_address(Scope.t(), term()) :: {:ok, Address.t()} | {:error, :no_address}
  def fetch_address(%Scope{}, nil), do: {:error, :no_address}

  def fetch_address(%Scope{user: user}, id) do
    case Repo.get_by(Address, id: id, user_id: user.id) do
      nil -> {:error, :no_address}
      address -> {:ok, address}
    end
  end

  def change_address(attrs \\ %{}), do: Address.changeset(%Address{}, attrs)

  def create_address(%Scope{user: user}, attrs) do
    %Address{user_id: user.id}
    |> Address.changeset(attrs)
    |> Repo.insert()
  end

  defp replace_password(scope, changeset) do
    replaced =
      Audit.transact(scope, "user.password_changed", fn ->
        with {:ok, user} <- Repo.update(changeset) do
          Repo.delete_all(UserToken.by_user_query(user))
          {:ok, user}
        end
      end)

    with {:ok, user} <- replaced do
      :ok = UserNotifier.password_changed(user)
      {:ok, user}
    end
  end
end
