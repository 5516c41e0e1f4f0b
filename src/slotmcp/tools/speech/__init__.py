"""Sentences that an agent passes on to its caller, made from domain values, in the caller's language.

No sentence contains an id. To add one, write a function that takes a view and returns a complete sentence of
American English: `view.voice.say("I kept {time} for you.", time=say_start(start, view))`, or `say_count` if the
sentence depends on a number. The sentence must be a literal, because it is the key of the catalogs in `catalogs/*.po`.
A test names each missing translation (docs/how-to/translate.md).
"""
