"""Calls that ask a payment provider for something, and how safe they are to repeat or to undo."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lsp_server.document import Document, Language
from lsp_server.facts.calls.places import RESCUED, TRANSACTION, in_order, place_at
from lsp_server.facts.calls.primitives import words
from lsp_server.facts.calls.regions import regions_of
from lsp_server.facts.fact import Fact, collects
from lsp_server.facts.http.results import (
    RAW_NAMES,
    calls_named,
    errors_are_taken,
    http_client,
    is_retried,
    speaks_of_clients,
)
from lsp_server.facts.local_flow import assigned, clauses_of
from lsp_server.facts.modules import full_name
from lsp_server.facts.sightings import forms_calling
from lsp_server.role import Role
from lsp_server.syntax.definitions import Function
from lsp_server.syntax.elixir import Call, Identifier, ModuleAttribute
from lsp_server.syntax.literals import Keywords, List, Map
from lsp_server.syntax.node import Node
from lsp_server.syntax.outline import Form
from lsp_server.text import Span


class PaymentCall(Fact):
    """One call. `untaken` says what becomes of its error: `match`, `case`, `bang`, `ignored`, or
    empty where it is looked at or returned. `keyless` tells that it moves money and is given no
    idempotency key, `transaction` that it stands in a transaction of a repo."""

    module: str
    function: str
    arity: int
    name: str
    span: Span
    untaken: str
    keyless: bool
    transaction: bool


@dataclass(frozen=True, slots=True)
class Sighting:
    """A fact with its syntax: the call with all that is piped into it, and what takes it."""

    fact: PaymentCall
    form: Form
    call: Call
    request: Node
    taker: Node


# First parts of the modules of libraries: stripity_stripe 3, braintree 0.16, and the like.
_LIBRARIES = words(
    "Stripe Braintree PayPal Adyen Square Mollie GoCardless Gringotts Razorpay Paystack"
)
_LIBRARY = re.compile(rf"(?:{'|'.join(sorted(_LIBRARIES))})\.".encode())
_HOST = re.compile(
    r"api\.stripe\.com|(?:api|api-m)(?:\.sandbox)?\.paypal\.com|braintree(?:gateway|-api)\.com|"
    r"\.adyen(?:payments)?\.com|squareup(?:sandbox)?\.com|api\.mollie\.com|gocardless\.com|"
    r"api\.razorpay\.com|api\.paystack\.co|api\.paddle\.com|api\.checkout\.com|klarna\.com"
)
_HOST_WORDS = (
    *(b"stripe.com", b"paypal.com", b"braintree", b"adyen", b"squareup", b"mollie.com"),
    *(b"gocardless.com", b"razorpay.com", b"paystack.co", b"paddle.com", b"checkout.com"),
    b"klarna.com",
)
# Functions that ask the provider; others of the same libraries only compute.
_ASKING = (
    *("create", "update", "retrieve", "delete", "cancel", "capture", "confirm", "list", "search"),
    *("pay", "void", "void_invoice", "refund", "sale", "submit_for_settlement", "find", "all"),
    *("attach", "detach", "finalize", "finalize_invoice", "upcoming", "execute", "order", "charge"),
    *("payment", "authorize", "purchase", "get", "transfer", "reverse", "resume", "close"),
    *("create_payment", "create_charge", "create_order", "create_refund", "create_payout"),
    *("create_transfer", "create_subscription", "create_customer", "create_payment_intent"),
    *("capture_payment", "capture_order", "cancel_payment", "complete_payment", "refund_payment"),
)
_RAW_ASKING = frozenset(f"{one}{end}".encode() for one in _ASKING for end in ("", "!"))
_OFFLINE = words("Webhook Util Converter Types Config Error API Request URI Signature")
# What makes a payment. To confirm or capture one a second time is refused by the provider.
_MOVING = frozenset(
    {
        *("Charge.create", "PaymentIntent.create", "Refund.create", "Transfer.create"),
        *("Payout.create", "Subscription.create", "Topup.create", "Payment.create"),
        *("Payments.create", "Refunds.create", "Payouts.create", "Payments.payment"),
    }
)
# Those of the libraries that take a key among their options.
_KEYED = words("Stripe Square Adyen GoCardless Mollie")
_KEY = re.compile(r"idempot|request-id", re.I)
_PUBLISHING = ("post", "post!", "put", "put!", "request", "request!")


@collects(PaymentCall)
def collect_payments(document: Document) -> Iterator[PaymentCall]:
    """The calls of one file of `lib`."""
    for sighting in sightings(document):
        yield sighting.fact


def sightings(document: Document) -> Iterator[Sighting]:
    """The calls of one file with their syntax."""
    if document.role is not Role.LIB or document.language is not Language.ELIXIR:
        return
    source = document.source
    libraries = forms_calling(document, _RAW_ASKING) and _LIBRARY.search(source) is not None
    hosts = speaks_of_clients(source) and b"http" in source
    hosts = hosts and any(word in source for word in _HOST_WORDS)
    if not (libraries or hosts) or "lib/mix/" in document.path:
        return
    for form in document.forms:
        function = form.function if form.callee in (b"def", b"defp") else None
        if function is None:
            continue
        if libraries:
            for call in calls_named(form, _RAW_ASKING):
                name = _of_library(call, form)
                if name:
                    yield _sighting(call, form, function, name, _moves(name))
        if hosts:
            for call in calls_named(form, RAW_NAMES):
                if http_client(call, form) and _HOST.search(_all_said(call, form)):
                    moves = call.name in _PUBLISHING[:2] or b":post" in call.bytes
                    name = f"{call.module}.{call.name}" if call.module else call.name
                    yield _sighting(call, form, function, name, moves)


def _of_library(call: Call, form: Form) -> str:
    """`Stripe.Charge.create`; empty for a call of anything but a payment library."""
    written = call.module
    if written is None or call.capture_arity is not None:
        return ""
    module = form.names_at(call.start).expand(written)
    first, _, rest = module.partition(".")
    if first not in _LIBRARIES or rest.rpartition(".")[2] in _OFFLINE:
        return ""
    return f"{module}.{call.name}"


def _moves(name: str) -> bool:
    first, _, rest = name.partition(".")
    return first in _KEYED and ".".join(rest.rsplit(".", 2)[-2:]) in _MOVING


def _sighting(call: Call, form: Form, function: Function, name: str, moves: bool) -> Sighting:
    regions = in_order(regions_of(form.index, [call.start]), template=False)
    place, _ = place_at(regions, call.start, call.end)
    block = function.call.do_block
    rescued = block is not None and not {"rescue", "catch"}.isdisjoint(block.sections)
    untaken = ""
    taker: Node = call.pipe or call
    if not (place & RESCUED or rescued or is_retried(form.module)):
        untaken, taker = errors_are_taken(call, form)
    fact = PaymentCall(
        full_name(form.module),
        function.name,
        function.arity,
        name,
        call.callee_span,
        untaken,
        moves and not _may_have_key(call, form),
        bool(place & TRANSACTION),
    )
    return Sighting(fact, form, call, call.pipe or call, taker)


def _may_have_key(call: Call, form: Form) -> bool:
    """Whether a key is given, or options that cannot be seen may hold one."""
    if _KEY.search(_all_said(call, form)):
        return True
    return any(_is_hidden(one, form) for one in call.written_arguments[1 if not call.pipe else 0 :])


def _is_hidden(argument: Node, form: Form) -> bool:
    """Whether an argument after the first is options of which not all is written here."""
    if isinstance(argument, (Keywords, List, Map)):
        return any(
            isinstance(one, Identifier) and one.name in ("headers", "opts", "options")
            for one in argument.descendants()
        )
    if isinstance(argument, Identifier):
        return (
            assigned(argument, form) is None
            and re.search("opt|header|config", argument.name) is not None
        )
    if not isinstance(argument, Call) or clauses_of(argument, form):
        return False
    return re.search("opt|header|config", argument.name) is not None


def _all_said(call: Call, form: Form) -> str:
    """The text of a call, and of the attributes, variables and functions of the module in it."""
    node: Node = call.pipe or call
    said = [node.text]
    for one in node.descendants():
        if isinstance(one, ModuleAttribute) and one.value is None:
            value = form.module.attribute(one.name)
            said.append("" if value is None else value.text)
        elif isinstance(one, Identifier):
            value = assigned(one, form)
            said.append("" if value is None else value.text)
        if isinstance(one, (Call, Identifier)) and one != call:
            said.extend(form_.bytes.decode("utf-8", "replace") for form_ in clauses_of(one, form))
    return "\n".join(said)
