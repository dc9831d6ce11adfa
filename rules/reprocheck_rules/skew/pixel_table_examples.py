"""Models that were trained on arrays of pixels, and programs that ask them about pictures."""

from __future__ import annotations

from reprocheck.rulekit import Rule


def add_pixels_in_tables(rule: Rule) -> None:
    """Give the rule pairs of a table that was prepared and pictures that are not, or otherwise."""
    rule.flags(
        {
            "train.py": """
                import pickle
                from sklearn.preprocessing import StandardScaler
                from tensorflow import keras

                X, y = pickle.load(open("pixels.pkl", "rb")), pickle.load(open("labels.pkl", "rb"))
                scaler = StandardScaler().fit(X)
                X = scaler.transform(X).reshape(-1, 48, 48, 1)
                model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(7)])
                model.compile(loss="mse")
                model.fit(X, y)
                model.save("faces.h5")
            """,
            "live.py": """
                import cv2
                from tensorflow import keras

                model = keras.models.load_model("faces.h5")
                camera = cv2.VideoCapture(0)
                while True:
                    _, frame = camera.read()
                    face = cv2.resize(cv2.cvtColor(frame, cv2.COLOR_BGR2GRAY), (48, 48)) / 255
                    model.predict(face.reshape(-1, 48, 48, 1))  # expect: SKW001
            """,
        },
        title="pixels in a table that a scaler prepared, pictures divided by 255",
    )
    rule.flags(
        {
            "train.py": """
                import pandas as pd
                from tensorflow import keras

                digits = pd.read_csv("digits.csv")
                X = (digits.drop(columns=["label"]) / 255).values.reshape(-1, 28, 28, 1)
                model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10)])
                model.compile(loss="sparse_categorical_crossentropy")
                model.fit(X, digits["label"])
                model.save("digits.keras")
            """,
            "identify.py": """
                import cv2
                import numpy as np
                from tensorflow import keras

                model = keras.models.load_model("digits.keras")

                def predict(path):
                    return model.predict(np.invert(cv2.imread(path)[:, :, 0])[None]).argmax()  # expect: SKW001
            """,
        },
        title="pixels in a table that are divided by 255, pictures that are not",
    )
    rule.flags(
        {
            "train.py": """
                from tensorflow import keras

                (X, y), _ = keras.datasets.mnist.load_data()
                model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10)])
                model.compile(loss="sparse_categorical_crossentropy")
                model.fit(X / 255, y)
                model.save("digits.keras")
            """,
            "app.py": """
                import cv2
                from streamlit_drawable_canvas import st_canvas
                from tensorflow import keras

                model = keras.models.load_model("digits.keras")
                drawn = st_canvas(width=280, height=280)
                digit = cv2.cvtColor(drawn.image_data.astype("uint8"), cv2.COLOR_RGBA2GRAY)
                model.predict(cv2.resize(digit, (28, 28))[None])  # expect: SKW001
            """,
        },
        title="what is drawn on a canvas",
    )
