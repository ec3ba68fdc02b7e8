"""Who is here, as open pages say."""

import asyncio
import time

from app.web import presence as module
from app.web.presence import Page, Presence


def test_a_page_is_here_while_it_asks_and_a_little_longer(monkeypatch):
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.0)
    presence = Presence()
    with presence.asking("a", "ann", 3):
        assert presence.others("b") == [Page("ann", 3)]
        assert presence.others("a") == []
    time.sleep(0.01)
    assert presence.others("b") == []


def test_a_page_that_asks_again_in_time_stays():
    presence = Presence()
    with presence.asking("a", "ann", 3):
        pass
    with presence.asking("a", "ann", 4):
        pass
    assert presence.others("b") == [Page("ann", 4)]


def test_two_questions_of_a_page_may_overlap(monkeypatch):
    """The next one may come before the server has heard that the last one was given up."""
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.0)
    presence = Presence()
    with presence.asking("a", "ann", 3):
        with presence.asking("a", "ann", 4):
            pass
        time.sleep(0.01)
        assert presence.others("b") == [Page("ann", 4)]


def test_a_page_that_says_goodbye_is_gone_at_once_though_its_question_still_waits():
    presence = Presence()
    with presence.asking("a", "ann", 3):
        presence.leave("a")
        assert presence.others("b") == []
    assert presence.others("b") == []
    presence.leave("a")


def test_a_page_that_comes_back_after_its_goodbye_is_here_again(monkeypatch):
    """As the browser's Back button brings it; the end of its old question must not end the new one."""
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.0)
    presence = Presence()
    with presence.asking("a", "ann", 4):
        with presence.asking("a", "ann", 3):
            presence.leave("a")
            again = presence.asking("a", "ann", 3)
            again.__enter__()
        time.sleep(0.01)
        assert presence.others("b") == [Page("ann", 3)]
        again.__exit__(None, None, None)


def test_nameless_pages_are_not_counted():
    presence = Presence()
    with presence.asking("", "ann", 3):
        assert presence.others("b") == []


def test_waiting_ends_when_somebody_comes():
    async def scene():
        presence = Presence()
        waiting = asyncio.create_task(presence.wait(20))
        await asyncio.sleep(0)
        with presence.asking("a", "ann", None):
            await asyncio.wait_for(waiting, 5)
        again = asyncio.create_task(presence.wait(20))
        await asyncio.sleep(0)
        presence.close()
        await asyncio.wait_for(again, 5)
        assert presence.closed

    asyncio.run(scene())
