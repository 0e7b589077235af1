defmodule ShopWeb.Router do
  use ShopWeb, :router

  import ShopWeb.UserAuth

  alias ShopWeb.Plugs.{RateLimit, WebhookSignature}

  @content_security_policy "default-src 'self'; img-src 'self' data:; base-uri 'self'; " <>
                             "style-src 'self' 'unsafe-inline'; frame-ancestors 'self'"

  pipeline :browser do
    plug :accepts, ["html"]
    plug :fetch_session
    plug :fetch_live_flash
    plug :put_root_layout, html: {ShopWeb.Layouts, :root}
    plug :protect_from_forgery
    plug :put_secure_browser_headers, %{"content-security-policy" => @content_security_policy}
    plug :fetch_current_scope
  end

  pipeline :kiosk do # error: [phoenix/missing-csrf, phoenix/missing-secure-headers]
    plug :accepts, ["html"]
    plug :fetch_session
    plug :put_root_layout, html: {ShopWeb.Layouts, :root}
    plug :fetch_current_scope
  end

  pipeline :feed do
    plug :accepts, ["xml"]
  end

  pipeline :api do
    plug CORSPlug, origin: &ShopWeb.Origins.allowed/0, methods: ["GET"], credentials: false
    plug :accepts, ["json"]
    plug RateLimit, name: :api, limit: 120, window: :timer.minutes(1)
  end

  pipeline :webhook do
    plug :accepts, ["json"]
    plug RateLimit, name: :webhook, limit: 600, window: :timer.minutes(1)
    plug WebhookSignature
  end

  pipeline :slow_guessing do
    plug RateLimit, name: :log_in, limit: 5, window: :timer.minutes(1)
  end

  scope "/", ShopWeb do
    get "/health", HealthController, :show
  end

  scope "/", ShopWeb do
    pipe_through :feed

    get "/feed.xml", FeedController, :index
  end

  scope "/", ShopWeb do
    pipe_through :browser

    get "/", PageController, :home
    get "/about", PageController, :about
    get "/manuals/:name", ManualController, :show
    post "/contact", PageController, :contact # error: [phoenix/missing-rate-limit]
    get "/invoices/:signed", InvoiceController, :show
    resources "/products", ProductController, only: [:index, :show], param: "slug"

    live_session :anybody, on_mount: [{ShopWeb.UserAuth, :mount_current_scope}] do
      live "/catalog", CatalogLive.Index, :index
      live "/catalog/:slug", CatalogLive.Show, :show
      live "/users/confirm/:token", UserLive.Confirmation, :show
    end
  end

  scope "/", ShopWeb do
    pipe_through [:browser, :redirect_if_authenticated]

    get "/users/log-in", UserSessionController, :new

    live_session :visitor, on_mount: [{ShopWeb.UserAuth, :redirect_if_authenticated}] do
      live "/users/register", UserLive.Registration, :new
    end
  end

  scope "/", ShopWeb do
    pipe_through [:browser, :redirect_if_authenticated, :slow_guessing]

    post "/users/log-in", UserSessionController, :create
  end

  scope "/", ShopWeb do
    pipe_through [:browser, :require_authenticated_user]

    delete "/users/log-out", UserSessionController, :delete
    get "/orders/:id/papers", ManualController, :papers

    resources "/products", ProductController, only: [], param: "slug" do
      resources "/reviews", ReviewController, only: [:create, :delete]
      get "/reviews/:id/delete", ReviewController, :delete # error: [phoenix/state-changing-get]
    end

    live_session :customer, on_mount: [{ShopWeb.UserAuth, :require_authenticated}] do
      live "/cart", CartLive, :show
      live "/checkout", CheckoutLive, :new
      live "/orders", OrderLive.Index, :index
      live "/orders/:id", OrderLive.Show, :show
      live "/users/settings", UserLive.Settings, :edit
      live "/support", SupportLive.Index, :index
      live "/support/new", SupportLive.New, :new
      live "/support/:id", SupportLive.Show, :show
    end
  end

  scope "/kiosk", ShopWeb do
    pipe_through [:kiosk, :require_authenticated_user]

    get "/", KioskController, :show
    get "/leave", KioskController, :leave
    post "/lookup", KioskController, :lookup
  end

  scope "/admin", ShopWeb.Admin, as: :admin do
    pipe_through [:browser, :require_authenticated_user, :require_staff]

    get "/exports/turnover", ExportController, :turnover

    live_session :staff,
      on_mount: [
        {ShopWeb.UserAuth, :require_authenticated},
        {ShopWeb.UserAuth, :require_staff}
      ] do
      live "/", DashboardLive, :index
      live "/products", ProductLive.Index, :index
      live "/products/new", ProductLive.Form, :new
      live "/products/:id/edit", ProductLive.Form, :edit
      live "/categories", CategoryLive, :index
      live "/orders", OrdersLive, :index
      live "/tickets", TicketsLive, :index
      live "/packing/:id", PackingLive, :show
      live "/suppliers", SuppliersLive, :index
    end
  end

  scope "/admin", ShopWeb.Admin, as: :admin do
    pipe_through :browser

    get "/exports/stock", ExportController, :stock # error: [phoenix/missing-authentication]
  end

  scope "/api", ShopWeb.Api, as: :api do
    pipe_through :api

    resources "/products", ProductController, only: [:index, :show], param: "slug"
  end

  scope "/webhooks", ShopWeb.Api, as: :webhook do
    pipe_through :webhook

    post "/payments", WebhookController, :payment
    post "/parcels", WebhookController, :parcel
  end

  forward "/partners", ShopWeb.PartnerRouter

  if Application.compile_env(:shop, :dev_routes) do
    import Phoenix.LiveDashboard.Router

    scope "/dev" do
      pipe_through :browser

      live_dashboard "/dashboard", metrics: ShopWeb.Telemetry
      forward "/mailbox", Plug.Swoosh.MailboxPreview
    end
  end
end
