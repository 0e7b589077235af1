defmodule Shop.Http do
  @moduledoc """
  How the shop talks to other companies: measured, with a limit of time, and not to who is down.

  After three failures within ten seconds a service is left alone for half a minute.
  """

  require Logger

  @fuse {{:standard, 3, 10_000}, {:reset, 30_000}}
  @defaults [receive_timeout: 5_000, retry: :transient, max_retries: 2]

  @type service :: :payments | :carrier | :rates | :partner

  @doc "A request with `Req`'s options; a status of 500 and above is an error."
  @spec request(service(), keyword()) ::
          {:ok, Req.Response.t()} | {:error, :unavailable | Exception.t()}
  def request(service, options) do
    case :fuse.ask(service, :sync) do
      :ok -> measured(service, options)
      :blown -> {:error, :unavailable}
      {:error, :not_found} -> install_and_request(service, options)
    end
  end

  defp install_and_request(service, options) do
    :ok = :fuse.install(service, @fuse)
    measured(service, options)
  end

  defp measured(service, options) do
    :telemetry.span([:shop, :http], %{service: service}, fn ->
      result = @defaults |> Keyword.merge(options) |> Req.request() |> judge(service)
      {result, %{service: service}}
    end)
  end

  defp judge({:ok, %Req.Response{status: status} = response}, _service) when status < 500 do
    {:ok, response}
  end

  defp judge({:ok, %Req.Response{status: status}}, service) do
    Logger.warning("service answered with an error", reason: status, worker: service)
    :fuse.melt(service)
    {:error, :unavailable}
  end

  defp judge({:error, exception}, service) do
    Logger.warning("service not reached", reason: Exception.message(exception), worker: service)
    :fuse.melt(service)
    {:error, exception}
  end
end
