"""The callbacks of behaviours that Elixir projects implement, by the module that is used.

Read off Elixir 1.18, gen_stage 1.2, broadway 1.2, phoenix 1.8, phoenix_live_view 1.1, plug 1.19,
oban 2.20, ecto 3.13, tesla 1.15 and websockex 0.4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

_SERVER = (
    "init/1 handle_call/3 handle_cast/2 handle_info/2 handle_continue/2 terminate/2 code_change/3 "
    "format_status/1,2"
)
_TEXT: Mapping[str, str] = {
    "Access": "fetch/2 get_and_update/3 pop/2",
    "Application": "start/2 stop/1 prep_stop/1 config_change/3 start_phase/3",
    "Broadway": "handle_message/3 handle_batch/4 handle_failed/2 prepare_messages/2 process_name/2",
    "ConsumerSupervisor": "init/1",
    "DynamicSupervisor": "init/1",
    "Ecto.ParameterizedType": (
        "init/1 type/1 cast/2 load/3 dump/3 equal?/3 embed_as/2 autogenerate/1 format/1"
    ),
    "Ecto.Repo": "init/2 default_options/1 prepare_query/3 prepare_transaction/2",
    "Ecto.Type": "type/0 cast/1 load/1 dump/1 equal?/2 embed_as/1 autogenerate/0",
    "GenServer": _SERVER,
    "GenStage": f"{_SERVER} handle_demand/2 handle_events/3 handle_subscribe/4 handle_cancel/3",
    "Mix.Task": "run/1",
    "Oban.Pro.Worker": "process/1 backoff/1 timeout/1",
    "Oban.Worker": "perform/1 backoff/1 timeout/1 new/2",
    "Phoenix.Channel": (
        "join/3 handle_in/3 handle_out/3 handle_info/2 handle_call/3 handle_cast/2 terminate/2 "
        "code_change/3"
    ),
    "Phoenix.LiveComponent": (
        "mount/1 update/2 update_many/1 render/1 handle_event/3 handle_async/3"
    ),
    "Phoenix.LiveView": (
        "mount/3 render/1 handle_params/3 handle_event/3 handle_info/2 handle_call/3 handle_cast/2 "
        "handle_async/3 terminate/2"
    ),
    "Phoenix.Presence": "fetch/2 init/1 handle_metas/4",
    "Phoenix.Socket": "connect/2,3 id/1",
    "Plug": "init/1 call/2",
    "Plug.Builder": "init/1 call/2",
    "Supervisor": "init/1",
    "Tesla.Middleware": "call/3",
    "WebSockex": (
        "handle_connect/2 handle_frame/2 handle_cast/2 handle_info/2 handle_disconnect/2 "
        "handle_ping/2 handle_pong/2 terminate/2 code_change/3 format_status/2"
    ),
    ":gen_server": _SERVER,
    ":gen_statem": "init/1 callback_mode/0 handle_event/4 terminate/3 code_change/4",
}


def _read(text: str) -> Iterator[tuple[str, int]]:
    for word in text.split():
        name, _, arities = word.rpartition("/")
        for arity in arities.split(","):
            yield name, int(arity)


CALLBACKS: Mapping[str, frozenset[tuple[str, int]]] = {
    module: frozenset(_read(text)) for module, text in _TEXT.items()
}
