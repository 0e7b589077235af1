defmodule Shop.Repo.Migrations.AddOban do
  use Ecto.Migration

  def up, do: Oban.Migration.up(version: 13)

  def down, do: Oban.Migration.down(version: 1)
end
