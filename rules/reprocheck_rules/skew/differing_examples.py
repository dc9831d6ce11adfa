"""Pairs of programs that SKW001 tells apart."""

from __future__ import annotations

from reprocheck.rulekit import Rule
from reprocheck_rules.skew.example_programs import FRAME_TRAIN, KERAS_TRAIN, TORCH_TRAIN, service
from reprocheck_rules.skew.pixel_table_examples import add_pixels_in_tables


def add_differing(rule: Rule) -> None:
    """Give the rule what it must find."""
    _add_true_images(rule)
    _add_true_tables_and_texts(rule)
    _add_true_files(rule)


def _add_true_images(rule: Rule) -> None:
    rule.flags(
        {
            "train.py": TORCH_TRAIN,
            "app.py": service(
                "transforms.Resize(256)", "transforms.CenterCrop(224)",
                "transforms.ToTensor()", "transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])",
            ).replace("transforms.Resize(256),", "transforms.Resize(256),  # expect: SKW001")
            .replace("transforms.CenterCrop(224),", "transforms.CenterCrop(224),  # expect: SKW001"),
        },
        title="resize to 256 and a crop against a resize to 224",
    )  # fmt: skip
    rule.flags(
        {
            "train.py": TORCH_TRAIN,
            "app.py": service(
                "transforms.Resize((224, 224))",
                "transforms.ToTensor()",
                "transforms.Normalize([0.5, 0.5, 0.5], [0.5, 0.5, 0.5])",
            ).replace("[0.5, 0.5, 0.5]),", "[0.5, 0.5, 0.5]),  # expect: SKW001"),
        },
        title="another mean and standard deviation",
    )
    rule.flags(
        {
            "train.py": KERAS_TRAIN,
            "predict.py": """
                import numpy as np
                from tensorflow.keras.models import load_model
                from tensorflow.keras.preprocessing import image

                model = load_model("pets.h5")

                def predict(path):
                    picture = image.load_img(path, target_size=(150, 150))
                    batch = np.expand_dims(image.img_to_array(picture), axis=0)
                    return model.predict(batch)  # expect: SKW001
            """,
        },
        title="pixels are not divided by 255",
    )
    rule.flags(
        {
            "train.py": KERAS_TRAIN,
            "webcam.py": """
                import cv2
                import numpy as np
                from tensorflow.keras.models import load_model

                model = load_model("pets.h5")

                def classify(path):
                    frame = cv2.imread(path)
                    frame = cv2.resize(frame, (150, 150), interpolation=cv2.INTER_NEAREST) / 255.0  # expect: SKW001
                    return model.predict(np.expand_dims(frame, 0))
            """,
        },
        title="OpenCV reads BGR",
    )


def _add_true_tables_and_texts(rule: Rule) -> None:
    rule.flags(
        {
            "train.py": FRAME_TRAIN,
            "app.py": """
                import joblib
                import pandas as pd
                from flask import Flask, jsonify, request

                app = Flask(__name__)
                model = joblib.load("churn.joblib")

                @app.route("/predict", methods=["POST"])
                def predict():
                    body = request.get_json()
                    rows = pd.DataFrame([body], columns=["age", "income", "balance"])
                    return jsonify(model.predict(rows).tolist())  # expect: SKW001
            """,
        },
        title="the scaler is not applied",
    )
    rule.flags(
        {
            "train.py": FRAME_TRAIN,
            "app.py": """
                import joblib
                import pandas as pd
                from flask import Flask, jsonify, request

                app = Flask(__name__)
                model = joblib.load("churn.joblib")
                scaler = joblib.load("scaler.joblib")

                @app.route("/predict", methods=["POST"])
                def predict():
                    body = request.get_json()
                    rows = pd.DataFrame([body], columns=["age", "balance", "income"])  # expect: SKW001
                    return jsonify(model.predict(scaler.transform(rows)).tolist())
            """,
        },
        title="features in another order",
    )
    rule.flags(
        {
            "train.py": """
                from tensorflow import keras
                from tensorflow.keras.preprocessing.sequence import pad_sequences
                from tensorflow.keras.preprocessing.text import Tokenizer
                import pandas as pd

                texts = pd.read_csv("reviews.csv")["text"]
                tokenizer = Tokenizer(num_words=10000)
                tokenizer.fit_on_texts(texts)
                sequences = pad_sequences(tokenizer.texts_to_sequences(texts), maxlen=200, padding="post")
                model = keras.Sequential([keras.layers.Embedding(10000, 16), keras.layers.LSTM(32)])
                model.compile(loss="binary_crossentropy")
                model.fit(sequences, pd.read_csv("reviews.csv")["label"])
                model.save("sentiment.keras")
            """,
            "serve.py": """
                import pickle
                from tensorflow import keras
                from tensorflow.keras.preprocessing.sequence import pad_sequences

                model = keras.models.load_model("sentiment.keras")
                tokenizer = pickle.load(open("tokenizer.pickle", "rb"))

                def predict(text):
                    sequence = tokenizer.texts_to_sequences([text])
                    return model.predict(pad_sequences(sequence, maxlen=100, padding="post"))  # expect: SKW001
            """,
        },
        title="sequences are cut to another length",
    )


def _add_true_files(rule: Rule) -> None:
    rule.flags(
        {
            "train.py": KERAS_TRAIN.replace('"pets.h5"', '"{}.h5".format(NAME)').replace(
                "    generator =", '    NAME = "pets"\n    generator ='
            ),
            "app.py": """
                import imageio
                import numpy as np
                from flask import Flask, request
                from tensorflow.keras.models import load_model

                app = Flask(__name__)

                @app.route("/predict", methods=["POST"])
                def predict():
                    image = np.array(imageio.imread(request.files["image"]))
                    image = np.resize(image, (150, 150, image.shape[2]))  # expect: SKW001
                    return load_model("models/pets.h5").predict(image[None] / 255).tolist()
            """,
        },
        title="NumPy's resize repeats or cuts the values; a name that is put together",
    )
    rule.flags(
        {
            "draw.py": """
                import tkinter
                import numpy as np
                from PIL import Image
                from tensorflow import keras

                (images, labels), _ = keras.datasets.mnist.load_data()
                images = images / 255.0
                model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(10)])
                model.compile(loss="mse")
                model.fit(images, labels)
                model.save("digits.h5")
                model = keras.models.load_model("digits.h5")

                class Window(tkinter.Tk):
                    def __init__(self, model):
                        self.model = model
                        self.image = Image.new("L", (28, 28), 0)
                        self.button = tkinter.Button(self, command=self.predict)

                    def predict(self):
                        digit = np.array(self.image).reshape(1, 28, 28)
                        return self.model.predict(digit)  # expect: SKW001

                Window(model).mainloop()
            """,
        },
        title="a window asks the object that it was made with",
    )
    rule.flags(
        {
            "collect.py": """
                import pickle
                from glob import glob
                import cv2
                import matplotlib.pyplot as plt

                features = []
                for path in sorted(glob("data/*.jpg")):
                    features.append(cv2.resize(cv2.cvtColor(plt.imread(path), cv2.COLOR_RGB2HSV)[:, :, 1], (40, 40)))
                with open("features", "wb") as file:
                    pickle.dump(features, file)
            """,
            "learn.py": """
                import pickle
                import numpy as np
                from tensorflow import keras

                features = np.array(pickle.load(open("features", "rb")))
                model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(1)])
                model.compile(loss="mse")
                model.fit(features, np.load("angles.npy"))
                model.save("drive.h5")
            """,
            "drive.py": """
                import cv2
                from tensorflow import keras

                model = keras.models.load_model("models/drive.h5")
                camera = cv2.VideoCapture(0)
                while True:
                    _, frame = camera.read()
                    hue = cv2.cvtColor(frame, cv2.COLOR_RGB2HSV)[:, :, 1]  # expect: SKW001
                    model.predict(cv2.resize(hue, (40, 40))[None])
            """,
        },
        title="OpenCV reads BGR and takes it for RGB; the training data goes through a file",
    )
    rule.flags(
        {
            "train.py": KERAS_TRAIN,
            "demo.py": """
                import gradio as gr
                from tensorflow.keras.models import load_model

                model = load_model("pets.h5")

                def classify(image):
                    image = image.resize((150, 150), 0)
                    return model.predict(np.array(image)[None])  # expect: SKW001

                gr.Interface(fn=classify, inputs=gr.Image(type="pil"), outputs="label").launch()
            """.replace("import gradio as gr", "import gradio as gr\n                import numpy as np"),
        },
        title="a demonstration that doesn't scale",
    )
    add_pixels_in_tables(rule)
