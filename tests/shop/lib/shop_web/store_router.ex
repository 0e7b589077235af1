defmodule ShopWeb.StoreRouter do
  @moduledoc "The pages of the screens and the API of the tills."

  use ShopWeb, :router

  pipeline :screen do
    plug :accepts, ["html"]
    plug :put_secure_browser_headers # error: [phoenix/missing-csp]
  end

  pipeline :till do # error: [phoenix/missing-cors]
    plug :accepts, ["json"]
  end

  scope "/", ShopWeb do
    pipe_through :screen

    get "/", StoreController, :show
  end

  scope "/till", ShopWeb do
    pipe_through :till

    get "/price", StoreController, :price
    get "/stock", StoreController, :stock
    get "/label", StoreController, :label
  end
end
