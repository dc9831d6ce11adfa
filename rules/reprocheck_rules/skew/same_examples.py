"""Pairs of programs that differ only in spelling, or have nothing to do with one another."""

from __future__ import annotations

from reprocheck.rulekit import Rule
from reprocheck_rules.skew.example_programs import FRAME_TRAIN, KERAS_TRAIN, TORCH_TRAIN, service


def add_same(rule: Rule) -> None:
    """Give the rule what it must leave alone."""
    _add_same_images(rule)
    _add_same_others(rule)
    _add_same_files(rule)


def _add_same_images(rule: Rule) -> None:
    rule.allows(
        {
            "train.py": TORCH_TRAIN,
            "app.py": service(
                "transforms.Resize((224, 224))", "transforms.ToTensor()",
                "transforms.Normalize(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))",
            ),
        },
        title="the same constants, spelled otherwise",
    )  # fmt: skip
    rule.allows(
        {
            "train.py": TORCH_TRAIN,
            "serve.py": """
                import cv2
                import numpy as np
                import torch
                from torchvision import models

                MEAN = np.array([0.485, 0.456, 0.406])
                STD = np.array([0.229, 0.224, 0.225])
                model = models.resnet18(num_classes=5)
                model.load_state_dict(torch.load("models/classifier.pt", map_location="cpu"))
                model.eval()

                def prepare(path):
                    image = cv2.cvtColor(cv2.imread(path), cv2.COLOR_BGR2RGB)
                    image = cv2.resize(image, (224, 224)).astype(np.float32) / 255.0
                    image = (image - MEAN) / STD
                    return torch.from_numpy(image.transpose(2, 0, 1)).unsqueeze(0)

                def predict(path):
                    with torch.no_grad():
                        return model(prepare(path))
            """,
        },
        title="torchvision in training, NumPy and OpenCV in the service",
    )
    rule.allows(
        {
            "train.py": KERAS_TRAIN,
            "predict.py": """
                import numpy as np
                from tensorflow.keras.models import load_model
                from tensorflow.keras.preprocessing.image import img_to_array, load_img

                model = load_model("pets.h5")

                def predict(path):
                    batch = img_to_array(load_img(path, target_size=(150, 150)))
                    return model.predict(np.expand_dims(batch, 0) / 255)
            """,
        },
        title="rescale and a division",
    )
    rule.allows(
        {
            "train.py": KERAS_TRAIN,
            "other/predict.py": """
                import numpy as np
                from tensorflow.keras.models import load_model
                from tensorflow.keras.preprocessing.image import img_to_array, load_img

                model = load_model("landmarks.h5")

                def predict(path):
                    return model.predict(np.expand_dims(img_to_array(load_img(path, target_size=(96, 96))), 0))
            """,
        },
        title="another model",
    )


def _add_same_others(rule: Rule) -> None:
    rule.allows(
        {
            "train.py": FRAME_TRAIN,
            "app.py": """
                import joblib
                import pandas as pd
                from flask import Flask, jsonify, request

                app = Flask(__name__)
                model = joblib.load("churn.joblib")
                scaler = joblib.load("scaler.joblib")
                COLUMNS = ["age", "income", "balance"]

                @app.route("/predict", methods=["POST"])
                def predict():
                    rows = pd.DataFrame([request.get_json()])[COLUMNS]
                    return jsonify(model.predict(scaler.transform(rows)).tolist())
            """,
        },
        title="the saved scaler is loaded and applied",
    )
    rule.allows(
        {
            "preparing.py": """
                from torchvision import transforms

                def for_training(size=224):
                    return transforms.Compose([
                        transforms.RandomResizedCrop(size), transforms.RandomHorizontalFlip(), transforms.ToTensor(),
                        transforms.Normalize([0.5], [0.5]),
                    ])

                def for_evaluation(size=224):
                    return transforms.Compose([
                        transforms.Resize(256), transforms.CenterCrop(size), transforms.ToTensor(),
                        transforms.Normalize([0.5], [0.5]),
                    ])
            """,
            "train.py": TORCH_TRAIN.replace(
                "loader = DataLoader", "transform = for_training()\n    loader = DataLoader"
            ).replace("import torch\n", "import torch\n    from preparing import for_training\n", 1),
            "app.py": service()
            .replace("model.eval()", "model.eval()\n    from preparing import for_evaluation")
            .replace("transform(image)", "for_evaluation()(image)"),
        },
        title="augmentation in training only",
    )
    rule.allows(
        {
            "train.py": """
                import pickle
                import pandas as pd
                from sklearn.ensemble import RandomForestRegressor
                from sklearn.pipeline import make_pipeline
                from sklearn.preprocessing import StandardScaler

                frame = pd.read_csv("houses.csv")
                model = make_pipeline(StandardScaler(), RandomForestRegressor(random_state=0))
                model.fit(frame[["rooms", "area"]], frame["price"])
                with open("houses.pkl", "wb") as file:
                    pickle.dump(model, file)
            """,
            "app.py": """
                import pickle
                import pandas as pd
                import streamlit as st

                with open("houses.pkl", "rb") as file:
                    model = pickle.load(file)
                rooms, area = st.number_input("rooms"), st.number_input("area")
                st.write(model.predict(pd.DataFrame({"rooms": [rooms], "area": [area]})))
            """,
        },
        title="the pipeline travels with the model",
    )


def _add_same_files(rule: Rule) -> None:
    mnist = TORCH_TRAIN.replace("datasets.ImageFolder(", "datasets.MNIST(").replace(
        "transforms.Resize((224, 224)),", ""
    )
    norm = "transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])"
    rule.allows(
        {
            "train.py": mnist,
            "app.py": service("transforms.Grayscale()", "transforms.Resize((28, 28))", "transforms.ToTensor()", norm),
        },
        title="pictures are brought to the size and mode that all of the data set have",
    )
    rule.allows(
        {
            "notebooks/trial.ipynb.py": FRAME_TRAIN,
            "src/train.py": """
                import joblib
                import pandas as pd
                from sklearn.linear_model import LogisticRegression
                from sklearn.svm import SVC

                frame = pd.read_csv("customers.csv")
                models = {"logistic": LogisticRegression(), "svc": SVC()}
                scores = {}
                for name, model in models.items():
                    model.fit(frame[["age", "income"]], frame["churn"])
                    scores[name] = model.score(frame[["age", "income"]], frame["churn"])
                joblib.dump(models[max(scores, key=scores.get)], "artifacts/churn.joblib")
            """,
            "src/app.py": """
                import joblib
                import pandas as pd
                from flask import Flask, request

                app = Flask(__name__)

                @app.route("/predict", methods=["POST"])
                def predict():
                    rows = pd.DataFrame([request.get_json()], columns=["age", "income"])
                    return joblib.load("artifacts/churn.joblib").predict(rows).tolist()
            """,
        },
        title="the file is written by other code than the trial of the same name",
    )
    rule.allows(
        {
            "digits/train.py": KERAS_TRAIN,
            "flowers/app.py": """
                import numpy as np
                from flask import Flask, request
                from PIL import Image
                from tensorflow.keras.models import load_model

                app = Flask(__name__)

                @app.route("/predict", methods=["POST"])
                def predict():
                    image = Image.open(request.files["image"]).resize((99, 99))
                    return load_model(request.args["model"]).predict(np.array(image)[None]).tolist()
            """,
        },
        title="programs of two projects, of which nothing says that they share a model",
    )
    rule.allows(
        {
            "cells/requirements.txt": "tensorflow\n",
            "lungs/train.py": KERAS_TRAIN.replace("pets.h5", "model.h5"),
            "cells/eval.py": """
                import cv2
                from tensorflow.keras.models import load_model

                model = load_model("model.h5")

                def predict(path):
                    return model.predict(cv2.resize(cv2.imread(path), (256, 256))[None] / 255)
            """,
        },
        title="a file name that any project may give its model",
    )
    rule.allows(
        {
            "train.py": KERAS_TRAIN.replace('"pets.h5"', '"D:/pets/model.h5"'),
            "predict.py": """
                import cv2
                from tensorflow.keras.models import load_model

                model = load_model("D:/digits/model.h5")

                def predict(path):
                    return model.predict(cv2.resize(cv2.imread(path), (32, 32))[None] / 255)
            """,
        },
        title="one of the names that any model may have, in two folders of one machine",
    )
    _add_same_sizes(rule)


def _add_same_sizes(rule: Rule) -> None:
    rule.allows(
        {
            "train.py": KERAS_TRAIN,
            "app.py": """
                import numpy as np
                from PIL import Image
                from tensorflow.keras.models import load_model

                model = load_model("pets.h5")
                size = model.input_shape[1:3]

                def predict(path):
                    image = Image.open(path).convert("RGB").resize(size, Image.BILINEAR)
                    return model.predict(np.array(image)[None] / 255)
            """,
        },
        title="the size that the model asks for",
    )
    rule.allows(
        {
            "train.py": """
                import joblib
                from sklearn.linear_model import LogisticRegression
                from sklearn.preprocessing import StandardScaler

                scaler = StandardScaler()
                model = LogisticRegression().fit(scaler.fit_transform(rows), labels)
                joblib.dump((scaler, model), "churn.joblib")
            """,
            "nightly.py": """
                import joblib
                from kedro.framework.session import KedroSession

                def predict(rows):
                    scaler, model = joblib.load("churn.joblib")
                    with KedroSession.create() as session:
                        session.run(pipeline_name="evaluation", node_names=["score"])
                    return model.predict(scaler.transform(rows))

                predict(load())
            """,
        },
        title="a session that runs a flow rather than a model",
    )
