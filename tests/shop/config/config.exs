import Config

config :shop,
  ecto_repos: [Shop.Repo],
  ash_domains: [Shop.Support],
  generators: [timestamp_type: :utc_datetime],
  mail_sender: {"The Shop", "hello@shop.example"},
  allowed_origins: ["https://shop.example"]

config :shop, :scopes,
  user: [
    default: true,
    module: Shop.Accounts.Scope,
    assign_key: :current_scope,
    access_path: [:user, :id],
    schema_key: :user_id,
    schema_type: :id,
    schema_table: :users,
    test_data_fixture: Shop.Fixtures,
    test_setup_helper: :register_and_log_in_user
  ]

config :shop, ShopWeb.Endpoint,
  url: [host: "localhost"],
  adapter: Bandit.PhoenixAdapter,
  render_errors: [
    formats: [html: ShopWeb.ErrorHTML, json: ShopWeb.ErrorJSON],
    layout: false
  ],
  pubsub_server: Shop.PubSub

config :shop, Shop.Mailer, adapter: Swoosh.Adapters.Local

config :shop, Shop.Payments, base_url: "https://payments.shop.example"

config :shop, Shop.Webhooks, webhook_secret: "kq7RzV2mTx9LbN4wHc6PyJd8Fs" # error: [security/hardcoded-secret]

config :shop, Shop.Shipping, base_url: "https://carrier.shop.example"

config :shop, Shop.Pricing.ExchangeRates, base_url: "https://rates.shop.example"

config :shop, Oban,
  repo: Shop.Repo,
  queues: [default: 10, mail: 5, stock: 2],
  plugins: [
    {Oban.Plugins.Pruner, max_age: 7 * 24 * 60 * 60},
    {Oban.Plugins.Cron,
     crontab: [
       {"15 * * * *", Shop.Workers.SyncStock},
       {"0 4 * * *", Shop.Workers.ExpireCarts}
     ]}
  ]

config :ash, default_page_type: :keyset, policies: [show_policy_breakdowns?: false]

config :esbuild,
  version: "0.25.4",
  shop: [
    args: ~w(js/app.js --bundle --target=es2022 --outdir=../priv/static/assets/js),
    cd: Path.expand("../assets", __DIR__),
    env: %{"NODE_PATH" => [Path.expand("../deps", __DIR__), Mix.Project.build_path()]}
  ]

config :logger, :default_formatter,
  format: "$time $metadata[$level] $message\n",
  metadata: [:request_id, :user_id, :order_id, :worker, :reason]

config :phoenix, :json_library, Jason
config :phoenix, :filter_parameters, ["password", "token", "secret", "card_number"]

import_config "#{config_env()}.exs"
