defmodule ShopWeb.Gettext do
  use Gettext.Backend, otp_app: :shop
end
