"""What functions of libraries do to the world: the leaves of the call graph."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntFlag


class Effect(IntFlag):
    """What running a function does beside computing its value; the bits are stored nowhere."""

    DB_READ = 1
    DB_WRITE = 2
    HTTP = 4
    MAIL = 8
    SLEEP = 16
    PROCESS_CALL = 32
    FILE = 64
    LOG = 128
    TELEMETRY = 256


DATABASE = Effect.DB_READ | Effect.DB_WRITE
NOTHING = Effect(0)


def words(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


def _table(effect: Effect, names: str) -> dict[str, Effect]:
    return dict.fromkeys(names.split(), effect)


# Functions of a module that says `use Ecto.Repo` (Ecto 3.13; `transact` is there since then), and
# what Scrivener, Paginator and Flop put beside them.
REPO: Mapping[str, Effect] = {
    **_table(
        Effect.DB_READ,
        "get get! get_by get_by! one one! all all_by aggregate exists? preload reload reload! "
        "stream query query! query_many query_many! paginate",
    ),
    **_table(
        Effect.DB_WRITE,
        "insert insert! update update! delete delete! insert_or_update insert_or_update! "
        "insert_all update_all delete_all transaction transact",
    ),
}

# Functions of a module that says `use Swoosh.Mailer` (1.x) or `use Bamboo.Mailer` (2.x); those that
# only hand the mail to another process are not among them.
MAILER: Mapping[str, Effect] = _table(
    Effect.MAIL, "deliver deliver! deliver_many deliver_now deliver_now!"
)

_VERBS = "get get! post post! put put! patch patch! delete delete! head head! options options!"

# Functions that `use Tesla` (1.x) and `use HTTPoison.Base` (2.x) define in the module.
CLIENT: Mapping[str, Effect] = _table(Effect.HTTP, f"{_VERBS} request request!")

# Modules whose functions `use` brings, by what is used.
GENERATED: Mapping[str, Mapping[str, Effect]] = {
    "Ecto.Repo": REPO,
    "AshPostgres.Repo": REPO,
    "AshSqlite.Repo": REPO,
    "AshMysql.Repo": REPO,
    "Swoosh.Mailer": MAILER,
    "Bamboo.Mailer": MAILER,
    "Tesla": CLIENT,
    "HTTPoison.Base": CLIENT,
}

LIBRARY: Mapping[str, Mapping[str, Effect]] = {
    "Ecto.Adapters.SQL": _table(Effect.DB_READ, "query query! query_many query_many! stream"),
    "Postgrex": _table(Effect.DB_READ, "query query! execute execute! stream"),
    "MyXQL": _table(Effect.DB_READ, "query query! execute execute! stream"),
    "Ash": {
        **_table(
            Effect.DB_READ,
            "read read! read_one read_one! read_first read_first! get get! load load! count count! "
            "exists exists? list list! first first! sum sum! avg avg! min min! max max! "
            "aggregate aggregate! stream! calculate calculate! reload reload!",
        ),
        **_table(
            Effect.DB_WRITE,
            "create create! update update! destroy destroy! bulk_create bulk_create! bulk_update "
            "bulk_update! bulk_destroy bulk_destroy! run_action run_action! transaction transact",
        ),
    },
    "Oban": _table(Effect.DB_WRITE, "insert insert! insert_all"),
    "Req": _table(Effect.HTTP, f"{_VERBS} request request! run run!"),
    "Finch": _table(Effect.HTTP, "request request! stream stream_while"),
    "Tesla": _table(Effect.HTTP, f"{_VERBS} request request! execute"),
    "HTTPoison": _table(Effect.HTTP, f"{_VERBS} request request!"),
    "HTTPotion": _table(Effect.HTTP, f"{_VERBS} request"),
    "Mojito": _table(Effect.HTTP, "get post put patch delete head options request"),
    "Mint.HTTP": _table(Effect.HTTP, "connect request recv"),
    "Mint.HTTP1": _table(Effect.HTTP, "connect request recv"),
    "Mint.HTTP2": _table(Effect.HTTP, "connect request recv"),
    "Neuron": _table(Effect.HTTP, "query mutation"),
    "ExAws": _table(Effect.HTTP, "request request! stream!"),
    "WebSockex": _table(Effect.HTTP, "start start_link"),
    ":httpc": _table(Effect.HTTP, "request"),
    ":hackney": _table(Effect.HTTP, "request get post put patch delete head"),
    ":ibrowse": _table(Effect.HTTP, "send_req"),
    ":gun": _table(Effect.HTTP, "open get post put patch delete request await await_body"),
    "Swoosh.Mailer": MAILER,
    "Bamboo.Mailer": MAILER,
    ":gen_smtp_client": _table(Effect.MAIL, "send_blocking"),
    "Process": _table(Effect.SLEEP, "sleep"),
    ":timer": _table(Effect.SLEEP, "sleep"),
    "GenServer": _table(Effect.PROCESS_CALL, "call multi_call"),
    "GenStage": _table(Effect.PROCESS_CALL, "call"),
    "Agent": _table(Effect.PROCESS_CALL, "get get_and_update update"),
    ":gen_server": _table(Effect.PROCESS_CALL, "call multi_call"),
    ":gen_statem": _table(Effect.PROCESS_CALL, "call"),
    ":rpc": _table(Effect.PROCESS_CALL, "call multicall"),
    ":erpc": _table(Effect.PROCESS_CALL, "call multicall"),
    "File": _table(
        Effect.FILE,
        "read read! write write! open open! cp cp! cp_r cp_r! copy copy! rm rm! rm_rf rm_rf! "
        "rename rename! ls ls! mkdir mkdir! mkdir_p mkdir_p! touch touch! stream!",
    ),
    "Logger": _table(
        Effect.LOG, "debug info notice warning warn error critical alert emergency log bare_log"
    ),
    ":logger": _table(Effect.LOG, "debug info notice warning error critical alert emergency log"),
    ":telemetry": _table(Effect.TELEMETRY, "execute span"),
}

# Modules of Elixir 1.18 whose calls are no step towards an effect, apart from those above.
STANDARD = words(
    "Access Agent Application Atom Base Bitwise Calendar Code Date DateTime DynamicSupervisor "
    "Duration Enum Exception File Float Function GenServer IO Inspect Integer JSON Kernel Keyword "
    "List Logger Macro Map MapSet Mix Module NaiveDateTime Node OptionParser PartitionSupervisor "
    "Path Port Process Protocol Range Record Regex Registry Stream String StringIO Supervisor "
    "System Task Task.Supervisor Time Tuple URI Version "
    "Calendar.ISO Date.Range File.Stream IO.ANSI Inspect.Algebra Kernel.ParallelCompiler "
    "Macro.Env Process.Monitor String.Chars "
    # Libraries that every Phoenix project has and that compute or configure.
    "Absinthe Decimal Earmark Ecto Floki Gettext HtmlEntities Jason Money Poison Timex "
    "Phoenix.Controller Phoenix.Component Phoenix.LiveView Phoenix.LiveView.JS Phoenix.HTML "
    "Phoenix.HTML.Form Phoenix.Token Phoenix.PubSub Phoenix.Template Phoenix.View "
    "Phoenix.LiveViewTest Phoenix.Socket Phoenix.Channel Phoenix.Naming Phoenix.Param "
    "Ecto.Changeset Ecto.Query Ecto.UUID Ecto.Enum Ecto.Type Ecto.Schema Ecto.Multi "
    "Ecto.Association Plug.Conn Plug.Crypto Plug.Upload Plug.HTML Plug.CSRFProtection Plug.Router "
    "Swoosh.Email Bamboo.Email Ash.Changeset Ash.Query Ash.Resource.Info"
)

# Names that `Kernel` and `Kernel.SpecialForms` of Elixir 1.18 give to every module; a call without
# a module to one of them is that one unless the module defines or imports its own.
KERNEL = frozenset(
    name.encode()
    for name in words(
        "abs alias and apply binary_part binary_slice binding bit_size body byte_size case ceil "
        "cond dbg def defdelegate defexception defguard defguardp defimpl defmacro defmacrop "
        "defmodule defoverridable defp defprotocol defstruct destructure div elem exit "
        "floor fn for function_exported? get_and_update_in get_in hd if import in inspect "
        "is_atom is_binary is_bitstring is_boolean is_exception is_float is_function is_integer "
        "is_list is_map is_map_key is_nil is_non_struct_map is_number is_pid is_port is_reference "
        "is_struct is_tuple length macro_exported? make_ref map_size match? max min node not or "
        "pop_in put_elem put_in quote raise receive rem require reraise round self send sigil_C "
        "spawn spawn_link spawn_monitor struct struct! super tap then throw tl to_charlist "
        "to_string to_timeout trunc try tuple_size unless unquote unquote_splicing update_in use "
        "var! with @"
    )
)
