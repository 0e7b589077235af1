defmodule Shop.Accounts.User do
  @moduledoc "Somebody who can log in: a customer, or one of the staff."

  use Ecto.Schema

  import Ecto.Changeset

  alias Shop.Accounts.Address

  @type t :: %__MODULE__{}

  schema "users" do
    field :email, :string
    field :password, :string, virtual: true, redact: true
    field :hashed_password, :string, redact: true
    field :role, Ecto.Enum, values: [:customer, :staff, :admin], default: :customer
    field :confirmed_at, :utc_datetime
    field :last_sign_in_at, :utc_datetime

    has_many :addresses, Address

    timestamps(type: :utc_datetime)
  end

  @doc "What a visitor may say about a new account. The role is not among it."
  def registration_changeset(user, attrs) do
    user
    |> cast(attrs, [:email])
    |> validate_required([:email])
    |> validate_format(:email, ~r/\A[^\s,;@]+@[^\s,;@]+\z/, message: "is not an email address")
    |> validate_length(:email, max: 160)
    |> unique_constraint(:email)
    |> password_changeset(attrs)
  end

  def password_changeset(user, attrs) do
    user
    |> cast(attrs, [:password])
    |> validate_required([:password])
    |> validate_length(:password, min: 12, max: 72, count: :bytes)
    |> validate_confirmation(:password, message: "is not the same")
    |> hash_password()
  end

  @doc "What the page of settings changes."
  def settings_changeset(user, attrs) do
    user
    |> cast(attrs, [:role]) # error: [ecto/mass-assignment]
    |> validate_required([:role])
  end

  def confirmation_changeset(user), do: change(user, confirmed_at: DateTime.utc_now(:second))

  def sign_in_changeset(user), do: change(user, last_sign_in_at: DateTime.utc_now(:second))

  @doc "Compares in constant time, and takes as long for a user that does not exist."
  def valid_password?(%__MODULE__{hashed_password: hash}, password)
      when is_binary(hash) and byte_size(password) > 0 do
    Bcrypt.verify_pass(password, hash)
  end

  def valid_password?(_nobody, _password), do: Bcrypt.no_user_verify()

  # bcrypt looks at the first 72 bytes only, hence the limit above.
  defp hash_password(%{valid?: true, changes: %{password: password}} = changeset) do
    changeset
    |> put_change(:hashed_password, Bcrypt.hash_pwd_salt(password))
    |> delete_change(:password)
  end

  defp hash_password(changeset), do: changeset
end
