"""Instructions for agents: those of the server, and the rules that the receptionist's prompt repeats."""

from typing import Final

RULES: Final = """\
Flow: list_services, then get_slots, then create_hold for the time the caller likes, then book_slot with its holdToken.
- `result` is a sentence that you can say as it is; the other keys are for you. Never read ids or tokens aloud.
- Take the date from `today` and `now` in the answers. Never invent a time or an id: use those you were given.
- Before book_slot, read a phone number, email and address back to the caller: no `result` repeats them.
- Before book_slot, the caller hears `price` and `terms` and answers the required `questions`; create_hold says them.
- Nothing is booked until book_slot has answered with a booking. An error says what to do next; offer its alternatives.
- To change, correct or cancel, find_bookings first, let the caller confirm which, and pass their phone or email again.
- When nothing fits, offer the waitlist: join_waitlist.
- On a timeout, retry with the same arguments: nothing is booked twice."""

INSTRUCTIONS: Final = f"Appointments with technicians, for an agent that speaks with a caller.\n{RULES}"

READ_ONLY: Final = "This server only reads: nothing can be held, booked or changed here."
