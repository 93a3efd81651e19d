"""Group commit: one task per process carries out all waiting changes of conversations in one transaction.

A transaction costs almost the same for one change as for a hundred. So each change is a unit in a queue. The writer
carries out all waiting units in one transaction, in the order of the queue, and gives each unit its result. When all
units have named their notices, the writer commits, publishes the notices in the same order, and lets the units end. So
a confirmed change is durable, and the events of a conversation are published in the order of their stamps.
"""
