"""Small named wrongs of the reference server, each of which the suite has to catch.

A fault is a function of at most 15 lines that changes the server's functions and attributes before it starts; the
server itself knows nothing of it:

    @fault(breaks=["EDIT-2"], also=["PERM-1"])
    def anybody_edits(patch: Patch) -> None:
        '''Whoever may send may edit any message: a right too many.'''
        patch.rewrite(messages._edit, "message.sender_id != user_id", "False")

`breaks` names the rules that stop holding: a scenario that proves one of them must fail. `also` names rules that the
same wrong cannot help breaking, and the docstring says why. The features of all others must stay green.

    patch(module, "name", value)            a function, constant or attribute, wherever the server holds it
    @patch.around(module, "name")           def …(original, *arguments): a function or method around the present one
    patch.rewrite(function, "old", "new")   a piece of a function's text, which must stand there once

To look at them:

    python -m tests.faults --list
    python -m tests.faults anybody_edits                           one fault, by name, file or rule, and the whole suite
    python -m tests.faults --quick                                 every fault, until its first catch
    python -m tests.faults.serve anybody_edits -- --port 8000      a faulty server
"""
