"""Links of images to tasks of Label Studio."""

from dataclasses import replace

from app.store.records import LabelStudioLink


def test_links_are_kept_by_project_and_replaced(reviewed):
    ws, _ = reviewed
    first = LabelStudioLink("p1", 1, 11, "m@1", "d" * 32, {5: 0, 6: 3}, "")
    second, other = replace(first, image_id=2, task_id=12), replace(first, project="p2", task_id=99)
    with ws.store.write() as tx:
        tx.label_studio_links.put([first, second])
        tx.label_studio_links.put([other])
    changed = replace(first, masks={}, pulled="7 2026-01-01T00:00:00Z")
    with ws.store.write() as tx:
        tx.label_studio_links.put([changed])
    with ws.store.read() as tx:
        assert tx.label_studio_links.of_project("p1") == {1: changed, 2: second}
        assert tx.label_studio_links.of_project("p2") == {1: other}
        assert tx.label_studio_links.of_project("p3") == {}
