defmodule Shop.HttpTest do
  use ExUnit.Case, async: true

  alias Shop.Http

  defp ask(status) do
    answer = &Plug.Conn.send_resp(&1, status, "")
    Http.request(:carrier, url: "/", plug: answer, retry: false)
  end

  test "an answer is an answer, also when it is no" do
    assert {:ok, %Req.Response{status: 200}} = ask(200)
    assert {:ok, %Req.Response{status: 404}} = ask(404)
  end

  test "a failing service is unavailable" do
    assert {:error, :unavailable} = ask(503)
  end
end
