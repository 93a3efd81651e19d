"""A WebSocket proxy that puts wrong, or legally different, frames in front of any server.

It copies bytes, frame by frame: handshakes, refusals, pings, fragments and close codes pass as they are. Only what a
wire fault names is changed:

    @wire_fault(breaks=["SEND-2"])
    def duplicate_new_message() -> Rules:
        '''A message arrives twice.'''
        return events("NewMessage", twice)

`breaks` names the rules that stop holding: a scenario that proves one of them must fail. A fault that breaks nothing is
a legal difference, and has to pass. A function is called once per connection, so what it remembers is that
connection's own. `alone`: what it does to one scenario is seen by others.

    python -m tests.proxy --list
    python -m tests.proxy drop_new_message                           before the reference server
    python -m tests.proxy --target FILE --upstream ws://host/ws      before another one
    python -m tests.proxy drop_new_message --upstream ws://host/ws --serve 9000      only the proxy, for others to use
"""
