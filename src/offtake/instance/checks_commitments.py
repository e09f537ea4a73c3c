"""Rules on spend commitments: what is promised, until when, and what counts toward it."""

from __future__ import annotations

from collections.abc import Iterator

from .checks_terms import unread
from .commitments import by_use, eligible, is_prepaid
from .schema import Commitment, Horizon
from .sentences import Finding, Path, place, suggestion
from .structure import Draft

Findings = Iterator[Finding]


def _each(draft: Draft) -> Iterator[tuple[str, Path, Commitment]]:
    for key, commitment in draft.instance.commitments.items():
        yield key, ("commitments", key), commitment


def prices(draft: Draft) -> Findings:
    """One price key; an hourly promise is settled by the hour."""
    for _, path, commitment in _each(draft):
        keys = [key for key in ("usd", "usd_per_hour") if getattr(commitment, key) is not None]
        if len(keys) != 1:
            label = "has both" if keys else "has none"
            message = f"{place(path)} needs exactly one of usd or usd_per_hour"
            help = "usd: over the whole window; usd_per_hour: in every hour of it"
            yield Finding("E021", path, message, help, label, "key")
        elif commitment.usd_per_hour is not None:
            if commitment.settlement == "true_up":
                message = "usd_per_hour cannot be settled by true_up"
                help = "what an hour leaves is lost: use_it_or_lose_it; a promise that is trued up is written in usd"
                yield Finding("E021", (*path, "settlement"), message, help)
            if commitment.interval_months is not None:
                help = "it is settled in every hour; leave interval_months out"
                message = "interval_months has no meaning beside usd_per_hour"
                yield Finding("E021", (*path, "interval_months"), message, help, "", "key")
        if (commitment.interval_months or 1) > commitment.window.months:
            message = "interval_months must not be above window.months"
            help = f"the window has {commitment.window.months}"
            yield Finding("E029", (*path, "interval_months"), message, help)


def what_counts(draft: Draft) -> Findings:
    """Everything named exists, can count, and is named once; and something counts."""
    instance = draft.instance
    prepaid = [key for key, other in instance.commitments.items() if is_prepaid(other)]
    known = [*draft.written("offers"), *draft.written("signed"), *draft.written("commitments")]
    for key, path, commitment in _each(draft):
        named = commitment.eligible
        for i, name in enumerate(named or []):
            at = (*path, "eligible", i)
            if name not in known:
                yield Finding("E020", at, f"there is no offer {name}", suggestion(name, known, "offers known"), "")
            elif name in (named or [])[:i]:
                yield Finding("E028", at, f"{name} is named twice in one commitment", "name it once", "")
            elif is_prepaid(commitment) and not _bought_by_use(draft, name):
                help = "only what is bought by use can be drawn from it; a promise that fees fill is settled by true_up"
                yield Finding("E021", at, f"{name} is not bought by use", help, "")
            elif name in instance.commitments and (name not in prepaid or name == key):
                help = "true_up counts offers, contracts in force, and commitments settled by use_it_or_lose_it"
                yield Finding("E021", at, f"the commitment {name} cannot count toward {key}", help, "")
        if not eligible(instance, key) and not unread(draft):
            help = "eligible: [...], or offers of its provider"
            if is_prepaid(commitment):
                help += " that are bought by use (elastic or api)"
            yield Finding("E029", path, f"nothing can count toward {place(path)}", help, "", "key")


def _bought_by_use(draft: Draft, name: str) -> bool:
    """True also for an offer that could not be read: its own faults come first."""
    offer = draft.instance.offers.get(name)
    return name in draft.written("offers") and (offer is None or by_use(offer))


def discounted(draft: Draft) -> Findings:
    """Discounts are on use that counts, and each use has one at most from those that are trued up."""
    owner: dict[str, str] = {}
    for key, path, commitment in _each(draft):
        stated = commitment.discount
        if stated is None:
            continue
        at = (*path, "discount")
        if (stated.fraction is None) == isinstance(stated.offers, list):
            message = "a discount is a list of offers with a fraction, or a fraction for each offer"
            help = "offers: [a, b], fraction: 0.12; or offers: {a: 0.12, b: 0.2}"
            yield Finding("E021", at, message, help, "", "key")
        counted = eligible(draft.instance, key)
        for i, name in enumerate(stated.offers):
            here = (*at, "offers", i if isinstance(stated.offers, list) else name)
            mark = "value" if isinstance(stated.offers, list) else "key"
            if name not in draft.written("offers"):
                help = suggestion(name, draft.written("offers"), "offers known")
                yield Finding("E020", here, f"there is no offer {name}", help, "", mark)
            elif not _bought_by_use(draft, name):
                help = "write its discounted price as an offer that requires the commitment, in groups"
                yield Finding("E021", here, f"{name} is not bought by use: it cannot be discounted", help, "", mark)
            elif name in draft.instance.offers and name not in counted:
                help = "name it in eligible, or leave the discount out"
                yield Finding("E029", here, f"{name} does not count toward {key}", help, "", mark)
            elif not is_prepaid(commitment) and owner.setdefault(name, key) != key:
                help = f"{owner[name]} already gives one; two that are trued up cannot both"
                yield Finding("E028", here, f"{name} is discounted twice", help, "", mark)


def shared_ids(draft: Draft) -> Findings:
    for key in draft.written("commitments"):
        for section, word in (("offers", "an offer"), ("signed", "a contract in force")):
            if key in draft.written(section):
                help = "offers, contracts in force and commitments share one set of ids: rename one"
                also = (((section, key), f"here {word}"),)
                path = ("commitments", key)
                yield Finding("E028", path, f"{key} is used twice", help, "here a commitment", "key", also)


def windows(draft: Draft, horizon: Horizon) -> Findings:
    """A promise that is still a choice begins in the horizon."""
    last = horizon.start + (horizon.months - 1)
    span = f"the horizon goes from {horizon.start} to {last}"
    for key, path, commitment in _each(draft):
        start, at = commitment.window.start, (*path, "window", "start")
        end = start + (commitment.window.months - 1)
        if end < horizon.start or start > last:
            when = f"ended with {end}" if end < horizon.start else f"begins in {start}"
            yield Finding("W005", at, f"the commitment {key} {when}: it has no month in the horizon", span)
        elif start < horizon.start and not commitment.mandatory:
            help = f"{span}; write mandatory: true if it has been signed"
            yield Finding("E023", at, f"the commitment {key} would have begun before the horizon", help)


CHECKS = (prices, what_counts, discounted, shared_ids)
DATE_CHECKS = (windows,)
