"""The index gives the facts of the files as they are now, whatever came before."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lsp_server.facts.fact import Fact, FileFacts
from lsp_server.facts.index import Index


class Red(Fact):
    number: int


class Blue(Fact):
    number: int


KINDS = (Red, Blue)
PATHS = st.sampled_from(["a.ex", "b.ex", "c.ex"])
TEXTS = st.none() | st.tuples(*(st.lists(st.integers(0, 2), max_size=2) for _ in KINDS))


@given(st.lists(st.tuples(PATHS, TEXTS, st.booleans()), max_size=12))
def test_facts_come_by_path_as_they_were_put_last(
    steps: list[tuple[str, tuple[list[int], ...] | None, bool]],
) -> None:
    index, files = Index(), dict[str, FileFacts]()
    for path, numbers, copied in steps:
        if copied:  # the twin may be changed without the first
            first, index = index, index.copy()
            first.put("a.ex", FileFacts({Red: (Red(9),)}))
        if numbers is None:
            index.remove(path)
            files.pop(path, None)
        else:
            facts = {kind: tuple(map(kind, of)) for kind, of in zip(KINDS, numbers, strict=True)}
            files[path] = FileFacts(facts)
            index.put(path, files[path])
        for kind in KINDS:
            expected = [(one, fact) for one in sorted(files) for fact in files[one].of(kind)]
            assert list(index.of(kind)) == expected
        assert sorted(index.paths) == sorted(files)
