defmodule ShopWeb.PartnerRouter do
  @moduledoc "The pages for suppliers, below `/partners`."

  use ShopWeb, :router

  import ShopWeb.UserAuth

  pipeline :partner do # error: [phoenix/missing-csrf]
    plug :accepts, ["html"]
    plug CORSPlug, origin: "*" # error: [phoenix/permissive-cors]
    plug :fetch_session
    plug :put_root_layout, html: {ShopWeb.Layouts, :root}
    plug :put_secure_browser_headers, %{"content-security-policy" => "default-src 'self'"}
    plug :fetch_current_scope
    plug :require_authenticated_user
    plug :require_staff
  end

  scope "/", ShopWeb do
    pipe_through :partner

    get "/", PartnerController, :index
    post "/lists", PartnerController, :create
  end
end
