"""What `import_deps` tells `mix format` in a real project: calls that keep no parentheses.

Each entry is `name/arities` as the library's own `.formatter.exs` exports it (phoenix 1.8, which
also holds phoenix_live_view's; ecto 3.13; ecto_sql 3.13; ash 3.5), or, where it exports nothing a
reader can see (ash_postgres, whose list Spark makes), the names of its DSL.
"""

from __future__ import annotations

PHOENIX = """
intercept/1 connect/3-4 delete/3-4 forward/2-4 get/3-4 head/3-4 match/4-5 options/3-4 patch/3-4
pipeline/2 pipe_through/1 post/3-4 put/3-4 resources/2-4 trace/4 action_fallback/1 plug/1-2
socket/2-3 channel/2-3 assert_broadcast/2-3 assert_push/2-3 assert_reply/2-4 refute_broadcast/2-3
refute_push/2-3 refute_reply/2-4 assert_error_sent/2
"""

PHOENIX_LIVE_VIEW = """
attr/2-3 embed_templates/1-2 live/2-4 live_dashboard/1-2 on_mount/1 slot/1-3 assert_patch/1-3
assert_patched/2 assert_push_event/3-4 assert_redirect/1-3 assert_redirected/2
refute_redirected/1-2 refute_patched/1-2 refute_push_event/3-4
"""

ECTO = """
from/2 field/1-3 timestamps/1 belongs_to/2-3 has_one/2-3 has_many/2-3 many_to_many/2-3
embeds_one/2-4 embeds_many/2-4
"""

ECTO_SQL = """
add/2-3 add_if_not_exists/2-3 alter/2 create/1-2 create_if_not_exists/1-2 drop/1-2
drop_if_exists/1-2 execute/1-2 modify/2-3 remove/1-3 remove_if_exists/1-2 rename/2-3 timestamps/1
"""

ASH = """
accept/1 access_type/1 action/1-4 action_select/1 actor/1-2 allow_nil?/1 allow_nil_input/1
allow_unregistered?/1 always_select?/1 args/1 argument/1-3 async?/1 atomic_update/1
atomic_upgrade?/1 attribute/1-3 attribute_type/1 attribute_writable?/1 authorize/1 authorize?/1
authorize_if/1-2 authorize_unless/1-2 avg/3-4 base_filter/1 batch_size/1 before_action?/1
belongs_to/2-3 broadcast_type/1 bypass/0-2 calculate/2-4 calculation/1 change/1-3 condition/1
constraints/1 context/1-2 count/2-3 countable/1 create/1-4 create_timestamp/1-2 custom/3-4
custom_input/2-3 default/1 default_accept/1 default_limit/1 default_sort/1 defaults/1 define/1-2
define_attribute?/1 define_calculation/1-2 delimiter/1 description/1 destination_attribute/1
destination_attribute_on_join_resource/1 destroy/1-4 domain/1 eager_check?/1 eager_check_with/1
error_handler/1 event/1 except/1 exclude_inputs/1 exists/2-3 field/1-3 field_names/1
field_policy/1-3 field_policy_bypass/1-3 filter/1-2 filterable?/1 first/3-4 forbid_if/1-2
forbid_unless/1-2 from_many?/1 generated?/1 get?/1 get_by/1 get_by_identity/1 global?/1
has_many/2-3 has_one/2-3 identity/2-3 include_nil?/1 integer_primary_key/1-2 join_filter/2-3
join_relationship/1 keyset?/1 kind/1 limit/1 list/3-4 load/1-4 manual/1 many_to_many/2-3
match_other_defaults?/1 max/3-4 max_page_size/1 message/1 metadata/2-3 min/3-4 modify_query/1
module/1 multitenancy/1 name/1 nils_distinct?/1 no_attributes?/1 not_found_error?/1 notifiers/1
offset?/1 on/1 only_when_valid?/1 paginate_by_default?/1 pagination/0-1 parse_attribute/1
pipe_through/1-2 plural_name/1 policy/0-2 policy_group/1-2 pre_check?/1 pre_check_with/1 prefix/1
prepare/1-2 primary?/1 primary_key?/1 private_fields/1 public?/1 publish/2-4 publish_all/2-4
read/1-4 read_action/1 relationship_context/1 require_actor?/1 require_atomic?/1
require_attributes/1 require_primary_key?/1 require_reference?/1 required?/1 resource/1-2
returns/1 run/1 select/1 select_by_default?/1 sensitive?/1 short_name/1 skip_global_validations?/1
skip_unknown_inputs/1 soft?/1 sort/1 sortable?/1 source/1 source_attribute/1
source_attribute_on_join_resource/1 strategy/1 strict?/1 sum/3-4 table/1 through/1 timeout/1
touches_resources/1 trace_name/1 transaction?/1 transform/0-1 type/1 uniq?/1 update/1-4
update_default/1 update_timestamp/1-2 upsert?/1 upsert_condition/1 upsert_fields/1
upsert_identity/1 uuid_primary_key/1-2 uuid_v7_primary_key/1-2 validate/1-2
validate_destination_attribute?/1 violation_message/1 where/1-2 writable?/1
"""

ASH_POSTGRES = """
base_filter_sql/1 check_constraint/2-3 code?/1 concurrently/1 create?/1 custom_index/1-2
deferrable/1 down/1 exclusion_constraint_names/1 foreign_key_names/1 identity_index_names/1
ignore?/1 include/1 index?/1 manage_tenant/0 match_type/1 match_with/1 migrate?/1
migration_defaults/1 migration_ignore_attributes/1 migration_types/1 name/1 nulls_distinct/1
on_delete/1 on_update/1 polymorphic?/1 prefix/1 reference/1-2 repo/1 schema/1 skip_identities/1
skip_unique_indexes/1 statement/1-2 storage_types/1 table/1 unique/1 unique_index_names/1 up/1
update?/1 using/1
"""


def arities(table: str) -> frozenset[tuple[str, int]]:
    """The pairs of name and arity that a table of `name/arity` or `name/first-last` words means."""
    pairs: set[tuple[str, int]] = set()
    for word in table.split():
        name, _, numbers = word.rpartition("/")
        first, _, last = numbers.partition("-")
        pairs |= {(name, arity) for arity in range(int(first), int(last or first) + 1)}
    return frozenset(pairs)


LIBRARIES = (PHOENIX, PHOENIX_LIVE_VIEW, ECTO, ECTO_SQL, ASH, ASH_POSTGRES)
LOCALS_WITHOUT_PARENS = frozenset().union(*map(arities, LIBRARIES))
