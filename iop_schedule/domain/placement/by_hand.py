"""What is said when somebody changes a person's places by hand and `broken_rules` objects.

Hard rules refuse the change. What is prescribed is only pointed out: a week is often built place by place.
"""

from collections.abc import Iterable, Mapping

from iop_schedule.domain.placement.legality import BrokenRule, Rule
from iop_schedule.domain.placement.problem import Group
from iop_schedule.errors import NotPossible
from iop_schedule.vocabulary import GroupGender, Modality

#: Pointed out, not refused.
PRESCRIBED = frozenset(
    {Rule.DOSE_SHORT, Rule.DOSE_OVER, Rule.DAYS_SHORT, Rule.DAY_TOO_LONG, Rule.REQUIRED_TYPE}
)
#: Looked at on the dates themselves, which say more: seats by the day of a place, commitments and own
#: sessions by the first day on which they clash.
DATED = frozenset({Rule.SEATS, Rule.COMMITMENT, Rule.OVERLAP})
#: About one person's week and the groups in it alone.
ABOUT_GROUPS = frozenset(
    {Rule.LEVEL, Rule.LANGUAGE, Rule.GENDER, Rule.MODALITY, Rule.TRAVEL, Rule.WHOLE_GROUP}
)

_LANGUAGES = {"en": "English", "es": "Spanish"}
_WHOM = {
    GroupGender.FEMALE: "women",
    GroupGender.MALE: "men",
    GroupGender.NONBINARY: "nonbinary participants",
}
_HELD = {Modality.IN_PERSON: "in person", Modality.TELEHEALTH: "online"}


class NotLegal(NotPossible):
    """This place would break a rule. Choose another session."""


def first_refusal(
    broken: Iterable[BrokenRule], touched: frozenset[str], groups: Mapping[str, Group]
) -> BrokenRule | None:
    """Return the first hard rule that a change of the meetings `touched` breaks; None when it may be made.

    What was broken before and has nothing to do with the change does not stand in its way.
    """
    whole = {groups[one].id for one in touched}
    for one in broken:
        if one.rule in PRESCRIBED | DATED:
            continue
        concerns = (
            groups[one.meetings[0]].id in whole
            if one.rule is Rule.WHOLE_GROUP
            else not touched.isdisjoint(one.meetings)
        )
        if concerns:
            return one
    return None


def refusal_words(
    broken: BrokenRule, called: str, names: Mapping[str, str], groups: Mapping[str, Group]
) -> str:
    """Return why a place is refused and what to do; as `reason_words`."""
    reason = reason_words(broken, called, names, groups)
    if broken.rule is Rule.WHOLE_GROUP:
        return f"{reason} Choose all its meetings."
    enroll = " Enroll them there first." if broken.rule is Rule.LEVEL else ""
    return f"{reason}{enroll} Choose another session."


def reason_words(
    broken: BrokenRule, called: str, names: Mapping[str, str], groups: Mapping[str, Group]
) -> str:
    """Return what is wrong with a place, in a sentence that names the rule and never another person.

    Args:
        broken: the rule.
        called: how the person is called.
        names: what staff call each meeting.
        groups: the group of each meeting.
    """
    if broken.rule in PRESCRIBED:
        return broken.message
    first = broken.meetings[0]
    name, group = names[first], groups[first]
    if broken.rule is Rule.TRAVEL:
        between = " and ".join(names[one] for one in broken.meetings)
        return f"{called} has too little time to travel between {between}."
    if broken.rule is Rule.WHOLE_GROUP:
        return f"{name} is taken whole."
    why = {
        Rule.LEVEL: f"is at another level of care than {called}",
        Rule.LANGUAGE: f"is held in {_language(group)}, which {called} does not speak",
        Rule.GENDER: f"is a group for {_WHOM.get(group.gender, 'others')}",
        Rule.MODALITY: f"is held {_HELD[group.modality]}, and {called} cannot attend that way",
        Rule.KEEP_APART: f"cannot be given to {called}",
    }
    return f"{name} {why[broken.rule]}."


def _language(group: Group) -> str:
    return _LANGUAGES.get(group.language, f"“{group.language}”")
