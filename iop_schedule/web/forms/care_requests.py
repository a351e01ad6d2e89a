"""What a client asks for, and what staff answer."""

from flask_wtf import FlaskForm
from wtforms import TextAreaField
from wtforms.validators import InputRequired, Optional

from iop_schedule.domain.care_requests import Asking, Reply
from iop_schedule.vocabulary import RequestAnswer, RequestKind
from iop_schedule.web.forms.fields import DayField, RadioChoiceField, options

ASK_WORDS = {
    RequestKind.MORE_SESSIONS: "More sessions",
    RequestKind.FEWER_SESSIONS: "Fewer sessions",
    RequestKind.OTHER_TIMES: "Other days or times",
    RequestKind.OTHER_COUNSELOR: "Another counselor",
    RequestKind.LEVEL_OF_CARE: "A talk about my level of care",
    RequestKind.SOMETHING_ELSE: "Something else",
}
ANSWER_WORDS = {
    RequestAnswer.AGREED: "Agreed, from a day on",
    RequestAnswer.TALK: "Let us talk, on a day",
    RequestAnswer.NOT_NOW: "Not now",
}
CHOOSE_ONE = "Choose one of the answers."


class AskForm(FlaskForm):  # type: ignore[misc]
    """What somebody would like, and what would help."""

    kind = RadioChoiceField(
        "What would you like?", [InputRequired(CHOOSE_ONE)], choices=options(ASK_WORDS.items())
    )
    words = TextAreaField("What would help?", [Optional()])

    def value(self) -> Asking:
        """Return what is asked for; call after `validate`. Raises BadRequest when it says too little."""
        return Asking(RequestKind(self.kind.data), self.words.data or "")


class ReplyForm(FlaskForm):  # type: ignore[misc]
    """The answer: agreed and from when, a talk and when, or not now and why."""

    answer = RadioChoiceField(
        "Your answer", [InputRequired(CHOOSE_ONE)], choices=options(ANSWER_WORDS.items())
    )
    day = DayField("Day", [Optional()], description="From when it holds, or when you talk.")
    words = TextAreaField("In your words", [Optional()], description="The client reads this.")

    def value(self) -> Reply:
        """Return the answer; call after `validate`."""
        return Reply(RequestAnswer(self.answer.data), self.words.data or "", self.day.data)
