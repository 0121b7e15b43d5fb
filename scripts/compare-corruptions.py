"""Holds corruptions against the published code: mean likeness of clean and spoiled pictures, for each family and severity.

    pip install imagecorruptions opencv-python-headless scikit-image pillow scipy
    python scripts/compare-corruptions.py crates/sim/src/corruption/golden/*.png

The code is that of the package `imagecorruptions`, with the constants that the authors of ImageNet-C have for pictures of 64
rows (make_tinyimagenet_c.py of github.com/hendrycks/robustness), and their elastic transform and size of frost. Structural
similarity is that of Wang et al. 2004 on luma, the peak signal-to-noise ratio that of RGB. Families that chance has a part
in are drawn DRAWS times for each picture. Prints the rows of `THEIRS` in crates/sim/src/corruption/reference.rs.
"""

import importlib.util
import pathlib
import re
import sys
import types

import cv2
import numpy as np
from PIL import Image
from scipy.ndimage import map_coordinates
from skimage.filters import gaussian
from skimage.metrics import structural_similarity

DRAWS = 40

CONSTANTS = {
    "gaussian_noise": "[.04, .08, .12, .15, .18]",
    "shot_noise": "[250, 100, 50, 30, 15]",
    "impulse_noise": "[.01, .02, .05, .08, .14]",
    "defocus_blur": "[(.5, .6), (1, .1), (1.5, .1), (2.5, .01), (3, .1)]",
    "glass_blur": "[(.1, 1, 1), (.5, 1, 1), (.6, 1, 2), (.7, 2, 1), (.9, 2, 2)]",
    "motion_blur": "[(10, 1), (10, 1.5), (10, 2), (10, 2.5), (12, 3)]",
    "zoom_blur": "[np.arange(1, end, .01) for end in (1.06, 1.11, 1.16, 1.21, 1.26)]",
    "snow": "[(.1, .2, 1, .6, 8, 3, .8), (.1, .2, 1, .5, 10, 4, .8), (.15, .3, 1.75, .55, 10, 4, .7),"
    " (.25, .3, 2.25, .6, 12, 6, .65), (.3, .3, 1.25, .65, 14, 12, .6)]",
    "frost": "[(1, .3), (.9, .4), (.8, .45), (.75, .5), (.7, .55)]",
    "fog": "[(.4, 3), (.7, 3), (1, 2.5), (1.5, 2), (2, 1.75)]",
    "brightness": "[.1, .2, .3, .4, .5]",
    "contrast": "[.4, .3, .2, .1, .05]",
    "pixelate": "[.9, .8, .7, .6, .5]",
    "jpeg_compression": "[65, 58, 50, 40, 25]",
}

FAMILIES = {
    "gaussian-noise": "gaussian_noise",
    "shot-noise": "shot_noise",
    "impulse-noise": "impulse_noise",
    "defocus-blur": "defocus_blur",
    "glass-blur": "glass_blur",
    "motion-blur": "motion_blur",
    "zoom-blur": "zoom_blur",
    "snow": "snow",
    "frost": "frost",
    "fog": "fog",
    "brightness": "brightness",
    "contrast": "contrast",
    "elastic": "elastic_transform",
    "pixelate": "pixelate",
    "jpeg": "jpeg_compression",
}


def published():
    """The package's module with the constants above, and with names that numpy and scipy have dropped since."""
    folder = pathlib.Path(importlib.util.find_spec("imagecorruptions").submodule_search_locations[0])
    text = (folder / "corruptions.py").read_text()
    for old, new in [
        ("np.float_", "np.float64"),
        ("from scipy.ndimage.interpolation import", "from scipy.ndimage import"),
        ("from pkg_resources import resource_filename", f"resource_filename = lambda _, name: {str(folder)!r} + '/' + name"),
        ("multichannel=True", "channel_axis=-1"),
        # Frost for 64 rows is cut from photographs of 0.3 times their size, or of more where a picture is wider than that.
        ("scaling_factor *= 1.1", "scaling_factor = max(.3, *(1.05 * x / frost for x, frost in zip(x_shape[:2], frost_shape)))"),
    ]:
        assert old in text, old
        text = text.replace(old, new)
    for function, constants in CONSTANTS.items():
        pattern = rf"(def {function}\(.*?\n    c = )\[.*?\](\[severity - 1\]|\[\s*severity - 1\])"
        text, count = re.subn(pattern, lambda found: found[1] + constants + "[severity - 1]", text, count=1, flags=re.DOTALL)
        assert count == 1, function
    module = types.ModuleType("corruptions")
    exec(compile(text, "corruptions.py", "exec"), module.__dict__)
    module.elastic_transform = elastic
    return module


def elastic(image, severity):
    """The elastic transform of the constants for 64 rows, which is affine first."""
    amplitude, sd, corner = [(0, 0, 0.08), (0.05, 0.3, 0.06), (0.1, 0.08, 0.06), (0.1, 0.03, 0.03), (0.16, 0.03, 0.02)][severity - 1]
    amplitude, sd, corner = 64 * amplitude, 64 * sd, 64 * corner
    image = np.array(image, np.float32) / 255.0
    height, width = image.shape[:2]
    centre, side = np.float32([width, height]) // 2, min(height, width) // 3
    corners = np.float32([centre + side, [centre[0] + side, centre[1] - side], centre - side])
    moved = corners + np.random.uniform(-corner, corner, corners.shape).astype(np.float32)
    image = cv2.warpAffine(image, cv2.getAffineTransform(corners, moved), (width, height), borderMode=cv2.BORDER_REFLECT_101)
    wave = lambda: gaussian(np.random.uniform(-1, 1, (height, width)), sd, mode="reflect", truncate=3)[..., None] * amplitude
    dx, dy = wave(), wave()
    x, y, z = np.meshgrid(np.arange(width), np.arange(height), np.arange(3))
    return np.clip(map_coordinates(image, (y + dy, x + dx, z), order=1, mode="reflect"), 0, 1) * 255


def luma(image):
    return image.astype(np.float64) @ [0.299, 0.587, 0.114]


def likeness(clean, spoiled):
    spoiled = np.uint8(np.array(spoiled))
    similarity = structural_similarity(
        luma(clean), luma(spoiled), data_range=255, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    error = np.mean((clean.astype(np.float64) - spoiled) ** 2)
    return similarity, 10 * np.log10(255**2 / max(error, 1e-3))


def main():
    pictures = [Image.open(path).convert("RGB") for path in sys.argv[1:]]
    module = published()
    for family, function in FAMILIES.items():
        cells = []
        for severity in range(1, 6):
            np.random.seed(1)
            draws = DRAWS if family not in ("defocus-blur", "zoom-blur", "brightness", "contrast", "pixelate", "jpeg") else 1
            found = []
            for picture in pictures:
                for _ in range(draws):
                    given = picture.copy() if function in ("pixelate", "jpeg_compression") else np.array(picture)
                    found.append(likeness(np.array(picture), getattr(module, function)(given, severity)))
            cells.append("({:.3f}, {:.1f})".format(*np.mean(found, axis=0)))
        print(f'    ("{family}", [{", ".join(cells)}]),')


main()
