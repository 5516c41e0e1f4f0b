"""Answers to the questions of a service: their valid ids, and the required ones."""

from collections.abc import Iterable, Sequence
from typing import Final

from slotmcp.domain.booking import MAX_ANSWER_CHARACTERS, MAX_ANSWERS, Answer
from slotmcp.domain.catalog import ServiceType
from slotmcp.domain.errors import InvalidArgument, UnansweredQuestions

_MAX_QUOTED_CHARACTERS: Final = 60


def in_order(service: ServiceType, answers: Sequence[Answer]) -> tuple[Answer, ...]:
    """Return answers in the order of the service's questions and with its ids. Other answers come last, unchanged.

    Raises:
        InvalidArgument: an answer is blank or too long, or there are too many.
    """
    if not answers:
        return ()
    _check_texts(answers)
    ids = [question.id for question in service.questions]
    by_id = {id_.casefold(): id_ for id_ in ids}
    named = [
        Answer(question_id=by_id.get(each.question_id.casefold(), each.question_id), text=each.text) for each in answers
    ]
    return tuple(sorted(named, key=lambda each: ids.index(each.question_id) if each.question_id in ids else len(ids)))


def require_answers(service: ServiceType, answers: Sequence[Answer]) -> None:
    """Require that answers belong to questions of the service, and that no required one lacks its answer.

    Raises:
        InvalidArgument: a question is unknown.
        UnansweredQuestions.
    """
    require_known(service, answers)
    if not service.questions:
        return
    answered = {answer.question_id for answer in answers}
    missing = {one.id: one.ask for one in service.questions if one.is_required and one.id not in answered}
    if missing:
        raise UnansweredQuestions(missing)


def corrected(service: ServiceType, known: tuple[Answer, ...], new: Sequence[Answer]) -> tuple[Answer, ...]:
    """Return the known answers with the new ones in place of those to the same questions.

    Raises:
        InvalidArgument: a question is unknown, an answer is blank or too long, or there are too many.
    """
    by_id = {answer.question_id: answer for answer in known}
    named = in_order(service, new)
    require_known(service, [answer for answer in named if answer.question_id not in by_id])
    by_id |= {answer.question_id: answer for answer in named}
    if len(by_id) > max(MAX_ANSWERS, len(known)):
        raise InvalidArgument("answers", f"a booking has at most {MAX_ANSWERS} answers, with earlier ones.")
    return tuple(by_id.values())


def _check_texts(answers: Sequence[Answer]) -> None:
    if len(answers) > MAX_ANSWERS:
        raise InvalidArgument("answers", f"must have at most {MAX_ANSWERS} answers.")
    for answer in answers:
        question = repr(answer.question_id[:_MAX_QUOTED_CHARACTERS])
        if not answer.text.strip():
            raise InvalidArgument("answers", f"the answer to {question} must not be empty; leave it out.")
        if len(answer.text) > MAX_ANSWER_CHARACTERS:
            problem = f"the answer to {question} must be at most {MAX_ANSWER_CHARACTERS} characters long."
            raise InvalidArgument("answers", problem)


def require_known(service: ServiceType, answers: Iterable[Answer]) -> None:
    """Require that answers belong to questions of the service.

    Raises:
        InvalidArgument: a question is unknown; the message lists the valid ids.
    """
    ids = [question.id for question in service.questions]
    unknown = [answer.question_id[:_MAX_QUOTED_CHARACTERS] for answer in answers if answer.question_id not in ids]
    if unknown:
        named = ", ".join(map(repr, unknown))
        valid = f"Valid: {', '.join(ids)}" if ids else "It has none, so leave answers out"
        raise InvalidArgument("answers", f"{service.id} has no question {named}. {valid}.")
