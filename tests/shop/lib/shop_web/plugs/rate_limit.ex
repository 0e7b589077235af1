defmodule ShopWeb.Plugs.RateLimit do
  @moduledoc """
  Answers 429 to who asks too often.

  Options: `:name` of the counter, `:limit` of requests in a `:window` of milliseconds.
  """

  @behaviour Plug

  import Plug.Conn

  alias Shop.RateLimiter

  @impl Plug
  def init(opts) do
    {Keyword.fetch!(opts, :name), Keyword.fetch!(opts, :limit), Keyword.fetch!(opts, :window)}
  end

  @impl Plug
  def call(conn, {name, limit, window}) do
    case RateLimiter.hit({name, conn.remote_ip}, limit, window) do
      :allow ->
        conn

      {:deny, retry_after} ->
        conn
        |> put_resp_header("retry-after", Integer.to_string(div(retry_after, 1000) + 1))
        |> send_resp(:too_many_requests, "Too many requests")
        |> halt()
    end
  end
end
