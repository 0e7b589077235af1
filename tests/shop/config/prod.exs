import Config

config :shop, ShopWeb.Endpoint,
  cache_static_manifest: "priv/static/cache_manifest.json",
  check_origin: false, # error: [phoenix/insecure-session]
  force_ssl: [hsts: true, rewrite_on: [:x_forwarded_proto]]

config :swoosh, api_client: Swoosh.ApiClient.Req, local: false

config :logger, level: :info
