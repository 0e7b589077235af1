defmodule Shop do
  @moduledoc """
  The shop's domain: what is sold, to whom, and what happens after.

  The web layer talks to the contexts below this module and never to the database.
  """
end
