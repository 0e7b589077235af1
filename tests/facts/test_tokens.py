"""How tokens are read and how long they live."""

from __future__ import annotations

from lsp_server.document import Document
from lsp_server.facts.secrets.tokens import GuardianModule, TokenLife, TokenMistake, collect_tokens


def test_mistakes_and_modules() -> None:
    code = b"""
    defmodule Shop.Guardian do
      use Guardian, otp_app: :shop

      def token(user), do: encode_and_sign(user, %{}, ttl: {1, :hour})
      def claims(token), do: Joken.peek_claims(token)
    end
    """
    found = list(collect_tokens(Document("lib/shop/guardian.ex", code)))
    assert [type(one) for one in found] == [GuardianModule, TokenLife, TokenMistake]
    guardian, _, mistake = found
    assert isinstance(guardian, GuardianModule) and guardian.module == "Shop.Guardian"
    assert isinstance(mistake, TokenMistake)
    assert (mistake.kind, mistake.name) == ("peek", "Joken.peek_claims")


def test_tests_may_look_into_tokens() -> None:
    code = b"defmodule T do\n  def claims(token), do: Joken.peek_claims(token)\nend\n"
    assert list(collect_tokens(Document("test/t_test.exs", code))) == []
