defmodule Shop.Repo do
  use AshPostgres.Repo, otp_app: :shop

  @impl true
  def installed_extensions, do: ["ash-functions", "citext"]

  @impl true
  def min_pg_version, do: %Version{major: 15, minor: 0, patch: 0}

  @impl true
  def prefer_transaction?, do: false
end
