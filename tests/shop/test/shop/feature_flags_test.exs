defmodule Shop.FeatureFlagsTest do
  use Shop.DataCase, async: false

  alias Shop.FeatureFlags
  alias Shop.FeatureFlags.Flag

  test "a switch works after a reload, until it is removed" do
    flag = Repo.insert!(%Flag{name: "compare", enabled: true})

    assert FeatureFlags.reload() == :ok
    assert FeatureFlags.enabled?("compare")
    refute FeatureFlags.enabled?("something_else")

    assert FeatureFlags.remove(flag) == :ok
    refute FeatureFlags.enabled?("compare")
  end

  test "names are lower case with underscores" do
    changeset = Flag.changeset(%Flag{}, %{name: "No Spaces", enabled: true})
    assert %{name: ["has invalid format"]} = errors_on(changeset)
  end
end
