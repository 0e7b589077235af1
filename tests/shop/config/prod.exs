import Config

config :shop, ShopWeb.Endpoint,
  cache_static_manifest: "priv/static/cache_manifest.json",
  force_ssl: [hsts: true, rewrite_on: [:x_forwarded_proto]]

config :swoosh, api_client: Swoosh.ApiClient.Req, local: false

config :logger, level: :info
