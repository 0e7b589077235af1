defmodule Shop.Catalog.Pictures do
  @moduledoc "Pictures of products, as the camera app of the warehouse sends them."

  @doc "Makes a picture small enough for the catalogue."
  def shrink(path, width) do
    System.shell("mogrify -resize #{width} #{path}") # error: [security/command-injection]
  end

  @doc "Turns a picture by a quarter."
  def turn(path), do: System.cmd("mogrify", ["-rotate", "90", path])

  @doc "What the camera wrote beside the picture."
  def details(bytes) do
    :erlang.binary_to_term(bytes) # error: [security/unsafe-deserialisation]
  end

  @doc "The name under which a picture is kept."
  def digest(bytes), do: Base.encode16(:crypto.hash(:sha256, bytes), case: :lower)

  @doc "A link's token, with which a supplier can upload pictures."
  def upload_token do
    Base.url_encode64(:rand.bytes(24), padding: false) # error: [security/weak-crypto]
  end

  @doc "Whether an upload was signed with the supplier's key."
  def signed?(bytes, signature, key) do
    expected = :crypto.mac(:hmac, :sha256, key, bytes)
    signature == expected # error: [security/timing-compare]
  end
end
