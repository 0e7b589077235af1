"""The children of a supervisor in every notation, and how certain each is."""

from __future__ import annotations

import pytest

from lsp_server.facts.processes.supervision_tree import supervision_trees
from tests.facts.applications import MIX, application, children_of, index_of


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("children = [Cache, {Worker, 1}]", ["Shop.Cache", "Shop.Worker"]),
        ("children = [Cache] ++ [Worker]", ["Shop.Cache", "Shop.Worker"]),
        ("children = [Cache | [Worker]]", ["Shop.Cache", "Shop.Worker"]),
        ("children = @always", ["Shop.Always"]),
        ("children = [@pool]", ["Shop.Pool"]),
        ("base = [Cache]\n    children = base ++ [Worker]", ["Shop.Cache", "Shop.Worker"]),
        (
            "children = [Cache]\n    children = [Worker | children]",
            ["Shop.Worker", "Shop.Cache"],
        ),
        ("children = [%{id: :a, start: {Worker, :start_link, [1]}}]", ["Shop.Worker"]),
        ("children = [Supervisor.child_spec({Worker, 1}, id: :a)]", ["Shop.Worker"]),
        ("children = [{Worker, 1} |> Supervisor.child_spec(id: :a)]", ["Shop.Worker"]),
        ("children = [Worker.child_spec([])]", ["Shop.Worker"]),
        ("children = [worker(Worker, []), supervisor(Cache, [])]", ["Shop.Worker", "Shop.Cache"]),
        ("children = [Cache, {__MODULE__.Own, []}]", ["Shop.Cache", "Shop.Application.Own"]),
        ("children = [:poolboy.child_spec(:a, worker_module: Worker)]", [":poolboy"]),
        ("children = [Cache] |> Enum.reject(&is_nil/1)", ["Shop.Cache"]),
        ("children = Enum.concat([Cache], [Worker])", ["Shop.Cache", "Shop.Worker"]),
        ("children = List.flatten([Cache, [Worker]])", ["Shop.Cache", "Shop.Worker"]),
    ],
)
def test_notations(code: str, expected: list[str]) -> None:
    children = children_of(application(code))
    assert [one.module for one in children.children] == expected
    assert children.complete
    assert (children.function, children.name) == ("start/2", "Shop.Supervisor")
    assert children.strategy == "one_for_one"


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("children = if args, do: [Cache], else: [Worker]", ["Shop.Cache", "Shop.Worker"]),
        (
            "children = [Cache | if(args == [], do: [Worker], else: [])]",
            ["Shop.Cache", "Shop.Worker"],
        ),
        (
            "children = case args do\n  [] -> [Cache]\n  _ -> [Worker]\nend",
            ["Shop.Cache", "Shop.Worker"],
        ),
        ("children = [args && {Worker, 1}, Cache]", ["Shop.Worker", "Shop.Cache"]),
        ("children = [Cache] ++ for n <- 1..3, do: {Worker, n}", ["Shop.Cache", "Shop.Worker"]),
        ("children = [Cache] |> Enum.filter(&on?/1)", ["Shop.Cache"]),
        ("children = [Cache] ++ Application.get_env(:shop, :more)", ["Shop.Cache"]),
        (
            "children = List.insert_at([Cache], -1, Worker)\n    children = add(children, Third)",
            ["Shop.Cache", "Shop.Worker", "Third"],
        ),
        (
            "children = if(args, do: [Worker], else: [])\n    children = add(children, Cache)",
            ["Shop.Worker", "Shop.Cache"],
        ),
        ("children = [Cache] |> append_if(args, {Worker, 1})", ["Shop.Cache", "Shop.Worker"]),
    ],
)
def test_what_is_not_certain(code: str, expected: list[str]) -> None:
    more = "defp add(children, one), do: children ++ [one]"
    children = children_of(application(code, more))
    assert [one.module for one in children.children] == expected
    assert not children.complete or any(one.conditional for one in children.children)


def test_functions_that_return_children() -> None:
    more = """
  defp base, do: [Cache, extra()]
  defp extra, do: %{id: :extra, start: {Worker, :start_link, []}}
  defp workers(:test), do: []
  defp workers(_), do: [{Worker, 1}]
"""
    children = children_of(application("children = base() ++ workers(args)", more))
    assert [(one.module, one.conditional) for one in children.children] == [
        ("Shop.Cache", False),
        ("Shop.Worker", False),
        ("Shop.Worker", True),
    ]


def test_functions_in_circles_end() -> None:
    more = "defp a, do: [Cache | b()]\n  defp b, do: a()"
    assert [one.module for one in children_of(application("children = a()", more)).children] == [
        "Shop.Cache"
    ]


def test_what_a_child_says() -> None:
    code = """children = [
      {Registry, keys: :unique, name: Shop.Registry},
      {DynamicSupervisor, name: {:local, :pool}},
      Supervisor.child_spec({Worker, handler: Shop.Handler}, id: :first, restart: :transient)
    ]"""
    registry, pool, worker = children_of(application(code)).children
    assert (registry.name, pool.name) == ("Shop.Registry", ":pool")
    assert (worker.id, worker.restart, worker.modules[-1]) == (
        ":first",
        "transient",
        "Shop.Handler",
    )


@pytest.mark.parametrize(
    ("code", "sometimes"),
    [
        ("children = [Cache]\n    children = if(args, do: [Worker | children], else: children)", 1),
        ("base = [Cache]\n    children = if args, do: base", 1),
        ("children = case args do\n :a -> [Cache, Worker]\n _ -> [Cache]\n end", 3),
        ("children = [Cache]\n    children = more(children)", 0),
        ("children = [Cache] |> more()", 0),
        ("children = List.wrap(Cache)", 0),
    ],
)
def test_what_is_in_every_branch_is_always_there(code: str, sometimes: int) -> None:
    found = children_of(application(code, "defp more(list), do: list ++ [Shop.Other]")).children
    assert sum(one.conditional for one in found) == sometimes
    assert "Shop.Cache" in [one.module for one in found]


def test_many_branches_after_one_another_end() -> None:
    lines = "\n".join(
        f"    children = if(args[:a{n}], do: children ++ [M{n}], else: children)" for n in range(30)
    )
    found = children_of(application(f"children = [Cache]\n{lines}"))
    assert len(found.children) == 31 and not found.children[0].conditional


def test_clauses_for_an_environment() -> None:
    more = "defp all(:test), do: [Cache]\n  defp all(_env), do: [Cache, Worker]"
    source = application("children = all(Mix.env())", more)
    found = children_of(source)
    assert len(found.lists) == 1, "the list that counts"
    assert [one.conditional for one in found.children] == [True, True, True]
    (tree,) = supervision_trees(index_of(mix=MIX, lib__a=source))
    assert [one.module for one in tree.members] == ["Shop.Cache", "Shop.Worker"]


def test_functions_that_branch_to_one_another_end() -> None:
    functions = "\n".join(
        f"defp f{n}, do: if(x(), do: f{n + 1}() ++ [A{n}], else: f{n + 1}() ++ f{n + 1}())"
        for n in range(25)
    )
    found = children_of(application("children = f0()", f"{functions}\ndefp f25, do: [Cache]"))
    assert len(found.children) == 26 and not found.children[0].conditional
