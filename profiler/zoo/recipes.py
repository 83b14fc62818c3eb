"""How images became inputs where the zoo's networks were trained."""

from profiler.input_recipe import InputRecipe

IMAGENET_CAFFE = InputRecipe(
    resize=256,
    crop=(227, 227),
    colour="bgr",
    scale=1.0,
    mean=(104.0, 117.0, 123.0),
    std=(1.0, 1.0, 1.0),
    source="zoo",
)
IMAGENET_OXFORD = InputRecipe(
    resize=256,
    crop=(224, 224),
    colour="bgr",
    scale=1.0,
    mean=(103.939, 116.779, 123.68),
    std=(1.0, 1.0, 1.0),
    source="zoo",
)
IMAGENET_TORCH = InputRecipe(
    resize=256,
    crop=(224, 224),
    colour="rgb",
    scale=1 / 255,
    mean=(0.485, 0.456, 0.406),
    std=(0.229, 0.224, 0.225),
    source="zoo",
)
IMAGENET_TENSORFLOW = InputRecipe(resize=256, crop=(224, 224), scale=1 / 127.5, mean=(1.0,), source="zoo")

CIFAR_10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
