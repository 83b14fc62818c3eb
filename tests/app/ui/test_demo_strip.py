"""The menu of built-in networks."""

from PySide6.QtCore import Qt

from app.questions import zoo
from app.ui.network.demo_strip import DemoStrip


def test_networks_stand_in_a_menu_of_their_family(qtbot):
    strip = DemoStrip()
    qtbot.addWidget(strip)
    for _ in range(2):  # asked again with each study
        strip.show_built_in([{"name": "plain", "title": ""}, *zoo({})["networks"]])
    families = [action.text() for action in strip.menu.actions()]
    assert families == [
        "plain", "LeNet and small", "AlexNet and VGG", "GoogLeNet and Network in Network", "ResNet",
        "For small devices", "FitNets",
    ]  # fmt: skip
    menu = strip.menu.actions()[2].menu()
    assert menu.layoutDirection() == Qt.LayoutDirection.LeftToRight  # although the button’s caret stands on its right
    names = [action.text().split()[0] for action in menu.actions()]
    assert names == ["AlexNet", "AlexNet-torchvision", "VGG-F", "VGG-M", "VGG-S", "VGG-16", "VGG-19"]
    heard = []
    strip.open_built_in.connect(heard.append)
    menu.actions()[-1].trigger()
    strip.menu.actions()[0].trigger()
    assert heard == ["zoo:VGG-19", "zoo:plain"]
