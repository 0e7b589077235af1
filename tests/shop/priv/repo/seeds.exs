# Something to look at: `mix run priv/repo/seeds.exs`, as often as you like.

alias Shop.Accounts.{Scope, User}
alias Shop.Catalog
alias Shop.Catalog.Category
alias Shop.FeatureFlags.Flag
alias Shop.Inventory.Warehouse
alias Shop.Repo

admin =
  Repo.insert!(
    %User{
      email: "admin@shop.example",
      hashed_password: Bcrypt.hash_pwd_salt("only for development"),
      role: :admin,
      confirmed_at: DateTime.utc_now(:second)
    },
    on_conflict: {:replace, [:role]},
    conflict_target: :email,
    returning: true
  )

kitchen =
  Repo.insert!(%Category{name: "Kitchen", slug: "kitchen"},
    on_conflict: {:replace, [:name]},
    conflict_target: :slug,
    returning: true
  )

Repo.insert!(%Flag{name: "compare", enabled: true},
  on_conflict: :nothing,
  conflict_target: :name
)

Repo.insert!(%Warehouse{name: "North", code: "north"},
  on_conflict: :nothing,
  conflict_target: :code
)

{:ok, _pan} =
  Catalog.save_product(Scope.for_user(admin), %Catalog.Product{}, %{
    "name" => "Iron pan #{System.unique_integer([:positive])}",
    "price" => "39.90",
    "stock" => 12,
    "category_id" => kitchen.id,
    "tag_list" => "iron, heavy"
  })
