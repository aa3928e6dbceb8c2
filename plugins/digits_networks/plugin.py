"""What this plugin brings; imports nothing."""

from digits_core.contracts.entry import Entry
from digits_core.hooks import hookimpl


@hookimpl
def digits_network_families() -> list[Entry]:
    """The families and their variants, by name."""
    return [
        Entry("lenet", "digits_networks.lenet:Lenet", "Two convolutions and two dense layers, for small pictures."),
        Entry("alexnet", "digits_networks.alexnet:Alexnet", "Five convolutions and three large dense layers."),
        Entry("googlenet", "digits_networks.googlenet:Googlenet", "Nine inception blocks and two auxiliary heads."),
        Entry("vgg-11", "digits_networks.vgg:Vgg", "3×3 convolutions, 11 layers.", params={"depth": 11}),
        Entry("vgg-13", "digits_networks.vgg:Vgg", "3×3 convolutions, 13 layers.", params={"depth": 13}),
        Entry("vgg-16", "digits_networks.vgg:Vgg", "3×3 convolutions, 16 layers.", params={"depth": 16}),
        Entry("vgg-19", "digits_networks.vgg:Vgg", "3×3 convolutions, 19 layers.", params={"depth": 19}),
        Entry("resnet-18", "digits_networks.resnet:Resnet", "Residual network, 18 layers.", params={"depth": 18}),
        Entry("resnet-34", "digits_networks.resnet:Resnet", "Residual network, 34 layers.", params={"depth": 34}),
        Entry("resnet-50", "digits_networks.resnet:Resnet", "Residual network, 50 layers.", params={"depth": 50}),
        Entry(
            "squeezenet-1.0",
            "digits_networks.squeezenet:Squeezenet",
            "Fire blocks, few parameters.",
            params={"version": "1.0"},
        ),
        Entry(
            "squeezenet-1.1",
            "digits_networks.squeezenet:Squeezenet",
            "Fire blocks, few parameters and operations.",
            params={"version": "1.1"},
        ),
        Entry("mobilenet-v2", "digits_networks.mobilenet:MobilenetV2", "Inverted residuals, few operations."),
        Entry("efficientnet-b0", "digits_networks.efficientnet:Efficientnet", "Inverted residuals, squeeze-excite."),
        Entry("convnext-tiny", "digits_networks.convnext:Convnext", "Depthwise 7×7 convolutions, layer norm."),
        Entry("vit-tiny", "digits_networks.vit:Vit", "Vision transformer, 192 channels.", params={"size": "tiny"}),
        Entry("vit-small", "digits_networks.vit:Vit", "Vision transformer, 384 channels.", params={"size": "small"}),
        Entry("unet-encoder", "digits_networks.unet:UnetEncoder", "The contracting path of U-Net, with a head."),
    ]
