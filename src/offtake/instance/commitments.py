"""What counts toward a spend commitment, and what it makes cheaper."""

from __future__ import annotations

from .schema import Commitment, Instance, Offer


def eligible(instance: Instance, key: str) -> list[str]:
    """Ids whose spend counts toward the commitment, in the order of the file.

    By default all that the provider sells: true_up counts offers, contracts in force and the commitments that are
    paid whatever is used; use_it_or_lose_it covers what is bought by use.
    """
    commitment = instance.commitments[key]
    if commitment.eligible is not None:
        return list(commitment.eligible)
    sold = [name for name, offer in instance.offers.items() if offer.provider == commitment.provider]
    if commitment.settlement == "use_it_or_lose_it":
        return [name for name in sold if by_use(instance.offers[name])]
    sold += [name for name, contract in instance.signed.items() if contract.provider == commitment.provider]
    prepaid = [name for name, other in instance.commitments.items() if is_prepaid(other)]
    return sold + [name for name in prepaid if instance.commitments[name].provider == commitment.provider]


def discounts(commitment: Commitment) -> dict[str, float]:
    """Share off the list price by offer, while the commitment is held."""
    stated = commitment.discount
    if stated is None:
        return {}
    return dict(stated.offers) if isinstance(stated.offers, dict) else dict.fromkeys(stated.offers, stated.fraction)


def by_use(offer: Offer) -> bool:
    """Whether an offer is bought by use, without signing: its use can be covered or discounted."""
    return offer.elastic is not None or offer.api is not None


def is_prepaid(commitment: Commitment) -> bool:
    """Whether it is paid whatever is used."""
    return commitment.settlement == "use_it_or_lose_it"
