"""Programs that train and serve, which SKW001's examples are made of."""

from __future__ import annotations

TORCH_TRAIN = """
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
TORCH_SERVE = """
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
KERAS_TRAIN = """
    from tensorflow import keras
    from tensorflow.keras.preprocessing.image import ImageDataGenerator

    generator = ImageDataGenerator(rescale=1.0 / 255, horizontal_flip=True)
    flow = generator.flow_from_directory("data/train", target_size=(150, 150), class_mode="binary")
    model = keras.models.Sequential([keras.layers.Flatten(), keras.layers.Dense(1, activation="sigmoid")])
    model.compile(optimizer="adam", loss="binary_crossentropy")
    model.fit(flow, epochs=5)
    model.save("pets.h5")
"""
FRAME_TRAIN = """
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


def service(*steps: str) -> str:
    """A service that prepares pictures by some steps."""
    return TORCH_SERVE % "\n".join(f"        {step}," for step in steps)
