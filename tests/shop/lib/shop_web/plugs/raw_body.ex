defmodule ShopWeb.Plugs.RawBody do
  @moduledoc "Keeps the bytes of a webhook's body, because its signature is over them."

  import Plug.Conn

  @doc "The parsers' `:body_reader`."
  def read_body(%Plug.Conn{request_path: "/webhooks/" <> _rest} = conn, opts) do
    case Plug.Conn.read_body(conn, opts) do
      {:ok, chunk, conn} -> {:ok, chunk, keep(conn, chunk)}
      {:more, chunk, conn} -> {:more, chunk, keep(conn, chunk)}
      {:error, reason} -> {:error, reason}
    end
  end

  def read_body(conn, opts), do: Plug.Conn.read_body(conn, opts)

  @doc "What was read, as iodata."
  @spec raw(Plug.Conn.t()) :: iodata()
  def raw(conn), do: Map.get(conn.private, :raw_body, [])

  defp keep(conn, chunk), do: put_private(conn, :raw_body, [raw(conn), chunk])
end
