import Config

config :bcrypt_elixir, :log_rounds, 1

config :shop, session_salt: "test session"

config :shop, Shop.Repo,
  username: "postgres",
  password: "postgres",
  hostname: "localhost",
  database: "shop_test#{System.get_env("MIX_TEST_PARTITION")}",
  pool: Ecto.Adapters.SQL.Sandbox,
  pool_size: System.schedulers_online() * 2

config :shop, ShopWeb.Endpoint,
  http: [ip: {127, 0, 0, 1}, port: 4002],
  secret_key_base: String.duplicate("only for the test suite ", 4),
  live_view: [signing_salt: "test live view"],
  server: false

config :shop, Shop.Mailer, adapter: Swoosh.Adapters.Test
config :shop, Shop.Payments, req_options: [plug: {Req.Test, Shop.Payments}, retry: false]
config :shop, Shop.Shipping, req_options: [plug: {Req.Test, Shop.Shipping}, retry: false]
config :shop, Oban, testing: :manual

config :ash, disable_async?: true
config :swoosh, :api_client, false
config :logger, level: :warning
config :phoenix, :plug_init_mode, :runtime
config :phoenix_live_view, enable_expensive_runtime_checks: true
