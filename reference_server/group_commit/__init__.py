"""Group commit: one task per process carries out the changes of conversations, as many at a time as are waiting.

A transaction costs much the same for one change as for a hundred. So each change is a unit, which is queued. The
writer carries out all waiting units in one transaction, in the order in which they came, and gives each its result.
When every unit has said what to tell, the writer commits, publishes in the same order, and lets the units end. What is
confirmed is therefore durable, and the events of a conversation are published in the order of their stamps.
"""
