"""Pairs of programs that SKW001 tells apart, and pairs that differ only in spelling."""

from __future__ import annotations

from reprocheck.rulekit import Rule

_TORCH_TRAIN = """
    import torch
    from torch import nn, optim
    from torch.utils.data import DataLoader
    from torchvision import datasets, models, transforms

    transform = transforms.Compose([
        transforms.Resize((224, 224)),
        transforms.ToTensor(),
        transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
    ])
    loader = DataLoader(datasets.ImageFolder("data/train", transform=transform), batch_size=32, shuffle=True)
    model = models.resnet18(num_classes=5)
    optimizer = optim.SGD(model.parameters(), lr=0.01)
    loss_function = nn.CrossEntropyLoss()
    for images, labels in loader:
        optimizer.zero_grad()
        loss = loss_function(model(images), labels)
        loss.backward()
        optimizer.step()
    torch.save(model.state_dict(), "models/classifier.pt")
"""
_TORCH_SERVE = """
    import io

    import torch
    from fastapi import FastAPI, UploadFile
    from PIL import Image
    from torchvision import models, transforms

    app = FastAPI()
    model = models.resnet18(num_classes=5)
    model.load_state_dict(torch.load("models/classifier.pt"))
    model.eval()
    transform = transforms.Compose([
%s
    ])

    @app.post("/predict")
    async def predict(file: UploadFile):
        image = Image.open(io.BytesIO(await file.read())).convert("RGB")
        with torch.no_grad():
            return model(transform(image).unsqueeze(0)).argmax().item()
"""
_KERAS_TRAIN = """
    from tensorflow import keras
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

    generator = ImageDataGenerator(rescale=1.0 / 255, horizontal_flip=True)
    flow = generator.flow_from_directory("data/train", target_size=(150, 150), class_mode="binary")
    model = keras.models.Sequential([keras.layers.Flatten(), keras.layers.Dense(1, activation="sigmoid")])
    model.compile(optimizer="adam", loss="binary_crossentropy")
    model.fit(flow, epochs=5)
    model.save("pets.h5")
"""
_FRAME_TRAIN = """
    import joblib
    import pandas as pd
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    FEATURES = ["age", "income", "balance"]
    frame = pd.read_csv("customers.csv")
    X_train, X_test, y_train, y_test = train_test_split(frame[FEATURES], frame["churn"], random_state=0)
    scaler = StandardScaler()
    X_train = scaler.fit_transform(X_train)
    model = LogisticRegression()
    model.fit(X_train, y_train)
    joblib.dump(model, "churn.joblib")
    joblib.dump(scaler, "scaler.joblib")
"""


def _service(*steps: str) -> str:
    return _TORCH_SERVE % "\n".join(f"        {step}," for step in steps)


def add_examples(rule: Rule) -> None:
    """Give the rule its proof."""
    _add_true_images(rule)
    _add_true_tables_and_texts(rule)
    _add_same_images(rule)
    _add_same_others(rule)


def _add_true_images(rule: Rule) -> None:
    rule.flags(
        {
            "train.py": _TORCH_TRAIN,
            "app.py": _service(
                "transforms.Resize(256)", "transforms.CenterCrop(224)",
                "transforms.ToTensor()", "transforms.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])",
            ).replace("transforms.Resize(256),", "transforms.Resize(256),  # expect: SKW001")
            .replace("transforms.CenterCrop(224),", "transforms.CenterCrop(224),  # expect: SKW001"),
        },
        title="resize to 256 and a crop against a resize to 224",
    )  # fmt: skip
    rule.flags(
        {
            "train.py": _TORCH_TRAIN,
            "app.py": _service(
                "transforms.Resize((224, 224))",
                "transforms.ToTensor()",
                "transforms.Normalize([0.5, 0.5, 0.5], [0.5, 0.5, 0.5])",
            ).replace("[0.5, 0.5, 0.5]),", "[0.5, 0.5, 0.5]),  # expect: SKW001"),
        },
        title="another mean and standard deviation",
    )
    rule.flags(
        {
            "train.py": _KERAS_TRAIN,
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
            "train.py": _KERAS_TRAIN,
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
            "train.py": _FRAME_TRAIN,
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
            "train.py": _FRAME_TRAIN,
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


def _add_same_images(rule: Rule) -> None:
    rule.allows(
        {
            "train.py": _TORCH_TRAIN,
            "app.py": _service(
                "transforms.Resize((224, 224))", "transforms.ToTensor()",
                "transforms.Normalize(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))",
            ),
        },
        title="the same constants, spelled otherwise",
    )  # fmt: skip
    rule.allows(
        {
            "train.py": _TORCH_TRAIN,
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
            "train.py": _KERAS_TRAIN,
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
            "train.py": _KERAS_TRAIN,
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
            "train.py": _FRAME_TRAIN,
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
            "train.py": _TORCH_TRAIN.replace(
                "loader = DataLoader", "transform = for_training()\n    loader = DataLoader"
            ).replace("import torch\n", "import torch\n    from preparing import for_training\n", 1),
            "app.py": _service()
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
