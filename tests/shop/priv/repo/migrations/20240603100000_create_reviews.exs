defmodule Shop.Repo.Migrations.CreateReviews do
  use Ecto.Migration

  def change do
    create table(:reviews) do
      add :product_id, references(:products, on_delete: :delete_all), null: false
      add :user_id, references(:users, on_delete: :delete_all), null: false
      add :rating, :integer, null: false
      add :body, :text, null: false

      timestamps(type: :utc_datetime)
    end

    create unique_index(:reviews, [:product_id, :user_id])
    create index(:reviews, [:user_id])
    create constraint(:reviews, :reviews_rating_is_one_to_five, check: "rating BETWEEN 1 AND 5")
  end
end
