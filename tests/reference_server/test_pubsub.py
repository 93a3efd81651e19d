from __future__ import annotations

from reference_server.pubsub import Event, InMemoryPubSub, Notice


class TestInMemoryPubSub:
    async def test_hands_notices_to_the_channels_subscribers_in_order(self):
        bus = InMemoryPubSub()
        first: list[Notice] = []
        second: list[Notice] = []
        await bus.subscribe("a", first.append)
        await bus.subscribe("a", second.append)
        notices = [Event(str(number)) for number in range(3)]
        for notice in notices:
            await bus.publish("a", notice)
        await bus.publish("b", Event("elsewhere"))
        assert first == second == notices

    async def test_forgets_who_unsubscribes_and_the_channel_with_the_last(self):
        bus = InMemoryPubSub()
        heard: list[Notice] = []
        await bus.subscribe("a", heard.append)
        await bus.unsubscribe("a", heard.append)
        await bus.unsubscribe("a", heard.append)
        await bus.publish("a", Event("too late"))
        assert heard == []
        assert bus._subscribers == {}
