defmodule Shop.Workers.ExpireCarts do
  @moduledoc "Deletes carts that were left standing."

  use Oban.Worker, queue: :default

  alias Shop.Carts

  require Logger

  @impl Oban.Worker
  def perform(%Oban.Job{attempt: attempt}) do
    deleted = Carts.delete_old()
    Logger.info("old carts deleted", worker: __MODULE__, reason: {attempt, deleted})
  end
end
