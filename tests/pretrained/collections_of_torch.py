"""Networks as torchvision and timm build them, written for these tests: their names, shapes and arithmetic, narrow."""

import torch
from torch import nn
from torch.nn import functional


def seeded(module, gain=1.5, seed=0):
    """The module in evaluation mode, with numbers everywhere that let pictures matter to the end."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in module.state_dict().items():
        if name.endswith("running_var"):
            tensor.copy_(1 + torch.rand(tensor.shape, generator=generator))
        elif tensor.is_floating_point():
            drawn = torch.randn(tensor.shape, generator=generator)
            ones = gain * (tensor.dim() == 1 and name.endswith("weight")) + name.endswith("layer_scale")
            tensor.copy_(gain * drawn / tensor[0].numel() ** 0.5 if tensor.dim() in (2, 4) else 0.2 * drawn + ones)
    return module.eval()


class BasicBlock(nn.Module):
    def __init__(self, inside, out, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inside, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out)
        self.conv2, self.bn2 = nn.Conv2d(out, out, 3, 1, 1, bias=False), nn.BatchNorm2d(out)
        self.downsample = None
        if stride != 1 or inside != out:
            self.downsample = nn.Sequential(nn.Conv2d(inside, out, 1, stride, bias=False), nn.BatchNorm2d(out))

    def forward(self, x):
        branch = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(branch + (x if self.downsample is None else self.downsample(x)))


class Bottleneck(nn.Module):
    def __init__(self, inside, out, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inside, out, 1, bias=False), nn.BatchNorm2d(out)
        self.conv2, self.bn2 = nn.Conv2d(out, out, 3, stride, 1, bias=False), nn.BatchNorm2d(out)
        self.conv3, self.bn3 = nn.Conv2d(out, 4 * out, 1, bias=False), nn.BatchNorm2d(4 * out)
        self.downsample = None
        if stride != 1 or inside != 4 * out:
            self.downsample = nn.Sequential(nn.Conv2d(inside, 4 * out, 1, stride, bias=False), nn.BatchNorm2d(4 * out))

    def forward(self, x):
        branch = torch.relu(self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x))))))
        return torch.relu(self.bn3(self.conv3(branch)) + (x if self.downsample is None else self.downsample(x)))


class Resnet(nn.Module):
    def __init__(self, block, counts, width, classes):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width)
        self.maxpool, inside, growth = nn.MaxPool2d(3, 2, 1), width, 4 if block is Bottleneck else 1
        for stage, count in enumerate(counts):
            out, blocks = width * 2**stage, []
            for number in range(count):
                blocks.append(block(inside, out, 2 if stage and not number else 1))
                inside = out * growth
            setattr(self, f"layer{stage + 1}", nn.Sequential(*blocks))
        self.fc = nn.Linear(inside, classes)

    def forward(self, x):
        x = self.maxpool(torch.relu(self.bn1(self.conv1(x))))
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
        return self.fc(x.mean((2, 3)))


class Vgg(nn.Module):
    def __init__(self, counts, width, hidden, classes, side, norm):
        super().__init__()
        layers, inside = [], 3
        for stage, count in enumerate(counts):
            for _ in range(count):
                out = width * 2 ** min(stage, 3)
                layers += [nn.Conv2d(inside, out, 3, padding=1), *([nn.BatchNorm2d(out)] if norm else []), nn.ReLU()]
                inside = out
            layers.append(nn.MaxPool2d(2, 2))
        self.features = nn.Sequential(*layers)
        dense = nn.Linear(inside * (side // 32) ** 2, hidden), nn.ReLU(), nn.Dropout()
        self.classifier = nn.Sequential(*dense, nn.Linear(hidden, hidden), nn.ReLU(), nn.Dropout())
        self.classifier.append(nn.Linear(hidden, classes))

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


class OneTower(nn.Module):
    """torchvision's AlexNet."""

    def __init__(self, classes):
        super().__init__()
        self.features = nn.Sequential(
            *(nn.Conv2d(3, 64, 11, 4, 2), nn.ReLU(), nn.MaxPool2d(3, 2)),
            *(nn.Conv2d(64, 192, 5, padding=2), nn.ReLU(), nn.MaxPool2d(3, 2)),
            *(nn.Conv2d(192, 384, 3, padding=1), nn.ReLU(), nn.Conv2d(384, 256, 3, padding=1), nn.ReLU()),
            *(nn.Conv2d(256, 256, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, 2)),
        )
        dense = nn.Linear(256, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU()
        self.classifier = nn.Sequential(nn.Dropout(), *dense, nn.Linear(4096, classes))

    def forward(self, x):
        return self.classifier(self.features(x).flatten(1))


class Fire(nn.Module):
    def __init__(self, inside, squeeze, expand):
        super().__init__()
        self.squeeze = nn.Conv2d(inside, squeeze, 1)
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
        self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, x):
        x = torch.relu(self.squeeze(x))
        return torch.cat([torch.relu(self.expand1x1(x)), torch.relu(self.expand3x3(x))], 1)


class Squeezenet(nn.Module):
    def __init__(self, version, classes):
        super().__init__()
        pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        fires = [(16, 64), (16, 64), (32, 128), (32, 128), (48, 192), (48, 192), (64, 256), (64, 256)]
        filters, kernel, pooled = (96, 7, (4, 8)) if version == "1.0" else (64, 3, (3, 5))
        layers, inside = [nn.Conv2d(3, filters, kernel, 2), nn.ReLU(), pool], filters
        for number, (squeeze, expand) in enumerate(fires, 2):
            layers.append(Fire(inside, squeeze, expand))
            inside = 2 * expand
            layers += [pool] if number in pooled else []
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(nn.Dropout(), nn.Conv2d(inside, classes, 1), nn.ReLU())

    def forward(self, x):
        return self.classifier(self.features(x)).mean((2, 3))


def conv_norm(inside, out, kernel, stride=1, groups=1, activation=None):
    conv = nn.Conv2d(inside, out, kernel, stride, kernel // 2, groups=groups, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out), *([activation] if activation else []))


class MobileBlock(nn.Module):
    def __init__(self, inside, out, stride, growth):
        super().__init__()
        wide, six = inside * growth, nn.ReLU6()
        widen = [conv_norm(inside, wide, 1, activation=six)] if growth > 1 else []
        filtered = conv_norm(wide, wide, 3, stride, wide, six)
        self.conv = nn.Sequential(*widen, filtered, nn.Conv2d(wide, out, 1, bias=False), nn.BatchNorm2d(out))
        self.adds = stride == 1 and inside == out

    def forward(self, x):
        return x + self.conv(x) if self.adds else self.conv(x)


class MobilenetV2(nn.Module):
    STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))

    def __init__(self, classes):
        super().__init__()
        layers, inside = [conv_norm(3, 32, 3, 2, activation=nn.ReLU6())], 32
        for growth, out, count, stride in self.STAGES:
            for number in range(count):
                layers.append(MobileBlock(inside, out, 1 if number else stride, growth))
                inside = out
        self.features = nn.Sequential(*layers, conv_norm(inside, 1280, 1, activation=nn.ReLU6()))
        self.classifier = nn.Sequential(nn.Dropout(), nn.Linear(1280, classes))

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


class Squeeze(nn.Module):
    def __init__(self, channels, few):
        super().__init__()
        self.fc1, self.fc2 = nn.Conv2d(channels, few, 1), nn.Conv2d(few, channels, 1)

    def forward(self, x):
        return x * torch.sigmoid(self.fc2(functional.silu(self.fc1(x.mean((2, 3), keepdim=True)))))


class EfficientBlock(nn.Module):
    def __init__(self, inside, out, kernel, stride, growth):
        super().__init__()
        wide = inside * growth
        widen = [conv_norm(inside, wide, 1, activation=nn.SiLU())] if growth > 1 else []
        filtered = conv_norm(wide, wide, kernel, stride, wide, nn.SiLU())
        self.block = nn.Sequential(*widen, filtered, Squeeze(wide, inside // 4), conv_norm(wide, out, 1))
        self.adds = stride == 1 and inside == out

    def forward(self, x):
        return x + self.block(x) if self.adds else self.block(x)


class EfficientnetB0(nn.Module):
    STAGES = (
        *((1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3)),
        *((6, 112, 3, 1, 5), (6, 192, 4, 2, 5), (6, 320, 1, 1, 3)),
    )

    def __init__(self, classes):
        super().__init__()
        layers, inside = [conv_norm(3, 32, 3, 2, activation=nn.SiLU())], 32
        for growth, out, count, stride, kernel in self.STAGES:
            blocks = []
            for number in range(count):
                blocks.append(EfficientBlock(inside, out, kernel, 1 if number else stride, growth))
                inside = out
            layers.append(nn.Sequential(*blocks))
        self.features = nn.Sequential(*layers, conv_norm(inside, 1280, 1, activation=nn.SiLU()))
        self.classifier = nn.Sequential(nn.Dropout(), nn.Linear(1280, classes))

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3)))


class PlaceNorm(nn.LayerNorm):
    """Layer norm over channels of pictures."""

    def forward(self, x):
        return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)


class Turn(nn.Module):
    def __init__(self, *order):
        super().__init__()
        self.order = order

    def forward(self, x):
        return x.permute(self.order)


class ConvnextBlock(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.layer_scale = nn.Parameter(torch.ones(width, 1, 1))
        self.block = nn.Sequential(
            *(nn.Conv2d(width, width, 7, padding=3, groups=width), Turn(0, 2, 3, 1), nn.LayerNorm(width, 1e-6)),
            *(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width), Turn(0, 3, 1, 2)),
        )

    def forward(self, x):
        return x + self.layer_scale * self.block(x)


class Convnext(nn.Module):
    def __init__(self, widths, classes):
        super().__init__()
        layers = [nn.Sequential(nn.Conv2d(3, widths[0], 4, 4), PlaceNorm(widths[0], 1e-6))]
        for stage, (width, count) in enumerate(zip(widths, (3, 3, 9, 3), strict=True)):
            if stage:
                before = widths[stage - 1]
                layers.append(nn.Sequential(PlaceNorm(before, 1e-6), nn.Conv2d(before, width, 2, 2)))
            layers.append(nn.Sequential(*(ConvnextBlock(width) for _ in range(count))))
        self.features = nn.Sequential(*layers)
        self.classifier = nn.Sequential(PlaceNorm(widths[-1], 1e-6), nn.Flatten(1), nn.Linear(widths[-1], classes))

    def forward(self, x):
        return self.classifier(self.features(x).mean((2, 3), keepdim=True))


class VitBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.norm1, self.norm2 = heads, nn.LayerNorm(width, 1e-6), nn.LayerNorm(width, 1e-6)
        self.attn = nn.ModuleDict({"qkv": nn.Linear(width, 3 * width), "proj": nn.Linear(width, width)})
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(width, 4 * width), "fc2": nn.Linear(4 * width, width)})

    def forward(self, x):
        rows, tokens, width = x.shape
        qkv = self.attn["qkv"](self.norm1(x)).reshape(rows, tokens, 3, self.heads, width // self.heads)
        query, key, value = qkv.permute(2, 0, 3, 1, 4)
        mixed = functional.scaled_dot_product_attention(query, key, value).transpose(1, 2).reshape(rows, tokens, width)
        x = x + self.attn["proj"](mixed)
        return x + self.mlp["fc2"](functional.gelu(self.mlp["fc1"](self.norm2(x))))


class Vit(nn.Module):
    """timm's names."""

    def __init__(self, width, heads, side, classes):
        super().__init__()
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, (side // 16) ** 2 + 1, width))
        self.patch_embed = nn.ModuleDict({"proj": nn.Conv2d(3, width, 16, 16)})
        self.blocks = nn.Sequential(*(VitBlock(width, heads) for _ in range(12)))
        self.norm, self.head = nn.LayerNorm(width, 1e-6), nn.Linear(width, classes)

    def forward(self, x):
        patches = self.patch_embed["proj"](x).flatten(2).transpose(1, 2)
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), patches], 1) + self.pos_embed
        return self.head(self.norm(self.blocks(x))[:, 0])
