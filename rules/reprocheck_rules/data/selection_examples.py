"""What the rule on choices by the test set finds, and what looks alike."""

from reprocheck.rulekit import Rule


def show(rule: Rule) -> None:
    """Give a rule its examples."""
    rule.flags(
        """
    from keras.models import Sequential
    from keras.callbacks import EarlyStopping, ModelCheckpoint
    from sklearn.model_selection import train_test_split

    X_train, X_test, y_train, y_test = train_test_split(X, y)
    model = Sequential()
    stop = EarlyStopping(patience=3, restore_best_weights=True)
    model.fit(X_train, y_train, validation_data=(X_test, y_test), callbacks=[stop])  # expect: DAT012
    print(model.evaluate(X_test, y_test))
    """,
        title="Early stopping in Keras",
    )
    rule.flags(
        """
    import lightgbm as lgb
    import xgboost as xgb
    from sklearn.metrics import accuracy_score, roc_auc_score
    from sklearn.model_selection import train_test_split

    X_train, X_test, y_train, y_test = train_test_split(X, y)
    model = xgb.XGBClassifier(early_stopping_rounds=10)
    model.fit(X_train, y_train, eval_set=[(X_test, y_test)])  # expect: DAT012
    print(accuracy_score(y_test, model.predict(X_test)))

    forest = lgb.LGBMClassifier()
    forest.fit(X_train, y_train, eval_set=[(X_train, y_train), (X_test, y_test)],  # expect: DAT012
               callbacks=[lgb.early_stopping(50)])
    print(roc_auc_score(y_test, forest.predict(X_test)))
    """,
        title="Boosters",
    )
    rule.flags(
        """
    import numpy as np
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.svm import SVC
    from sklearn.metrics import f1_score
    from sklearn.model_selection import train_test_split

    X_train, X_test, y_train, y_test = train_test_split(X, y)
    scores = []
    for k in range(1, 40):
        knn = KNeighborsClassifier(n_neighbors=k)
        knn.fit(X_train, y_train)
        scores.append(knn.score(X_test, y_test))  # expect: DAT012
    best_k = np.argmax(scores) + 1

    best_score = 0
    for c in (0.1, 1, 10):
        svm = SVC(C=c).fit(X_train, y_train)
        score = f1_score(y_test, svm.predict(X_test))  # expect: DAT012
        if score > best_score:
            best_score = score
            best_c = c
    """,
        title="A search by hand",
    )
    rule.flags(
        """
    from sklearn.linear_model import Ridge
    from sklearn.metrics import mean_absolute_error
    from sklearn.model_selection import train_test_split

    X_train, X_test, y_train, y_test = train_test_split(X, y)
    best, lowest = None, float("inf")
    for alpha in (0.1, 1, 10):
        model = Ridge(alpha=alpha).fit(X_train, y_train)
        error = mean_absolute_error(y_test, model.predict(X_test))  # expect: DAT012
        if error < lowest:
            best, lowest = model, error
    """,
        title="The best model and its score in one assignment",
    )
    rule.allows(
        """
    from sklearn.linear_model import Ridge
    from sklearn.metrics import mean_absolute_error
    from sklearn.model_selection import train_test_split

    X_train, X_test, y_train, y_test = train_test_split(X, y)
    X_fit, X_val, y_fit, y_val = train_test_split(X_train, y_train)
    best, lowest = None, float("inf")
    for alpha in (0.1, 1, 10):
        model = Ridge(alpha=alpha).fit(X_fit, y_fit)
        error = mean_absolute_error(y_val, model.predict(X_val))
        seen = mean_absolute_error(y_test, model.predict(X_test))
        if error < lowest:
            best, lowest = model, error
        if seen < lowest:
            print(alpha, seen)
    """,
        title="Kept by the validation part in one assignment; the test part only watched",
    )
    rule.flags(
        """
    import torch
    import torchvision
    from torch.utils.data import DataLoader

    testset = torchvision.datasets.CIFAR10("data", train=False)
    testloader = DataLoader(testset, batch_size=100)
    best_acc = 0

    def test(epoch):
        global best_acc
        correct = total = 0
        for inputs, targets in testloader:
            correct += (net(inputs).argmax(1) == targets).sum().item()
            total += targets.size(0)
        acc = correct / total
        if acc > best_acc:  # expect: DAT012
            torch.save(net.state_dict(), "best.pt")
            best_acc = acc

    def train_all(model, train_loader, test_loader):
        best_loss = 1e9
        for epoch in range(10):
            train(model, train_loader)
            loss = evaluate(model, test_loader)
            if loss < best_loss:  # expect: DAT012
                best_loss = loss
                torch.save(model.state_dict(), "model.pt")
    """,
        title="The best epoch in PyTorch",
    )
    rule.flags(
        """
    import torch

    def main(args, model, train_loader, test_loader):
        best_acc = 0
        for epoch in range(args.epochs):
            train(model, train_loader)
            test_acc = test(model, test_loader)
            is_best = test_acc > best_acc  # expect: DAT012
            best_acc = max(test_acc, best_acc)
            save_checkpoint(model.state_dict(), is_best)
    """,
        title="The best epoch by a flag",
    )
    rule.flags(
        {
            "parts.py": """
        from sklearn.model_selection import train_test_split

        def divided(X, y):
            X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
            return X_train, X_test, y_train, y_test
        """,
            "train.py": """
        import xgboost
        from parts import divided

        a, b_test, y_a, y_b = divided(X, y)
        model = xgboost.XGBClassifier(early_stopping_rounds=5)
        model.fit(a, y_a, eval_set=[(b_test, y_b)])  # expect: DAT012
        print(model.score(b_test, y_b))
        """,
        },
        title="Split in another file",
    )
    rule.allows(
        """
    from keras.models import Sequential
    from keras.callbacks import EarlyStopping
    from sklearn.model_selection import train_test_split
    import xgboost as xgb

    X_train, X_test, y_train, y_test = train_test_split(X, y)
    X_fit, X_val, y_fit, y_val = train_test_split(X_train, y_train)
    stop = EarlyStopping(patience=3)
    model = Sequential()
    model.fit(X_fit, y_fit, validation_data=(X_val, y_val), callbacks=[stop])
    print(model.evaluate(X_test, y_test))

    watched = Sequential()
    watched.fit(X_train, y_train, validation_data=(X_test, y_test))
    print(watched.evaluate(X_test, y_test))

    booster = xgb.XGBClassifier()
    booster.fit(X_train, y_train, eval_set=[(X_test, y_test)])
    print(booster.score(X_test, y_test))
    """,
        title="A validation part; only watched",
    )
    rule.allows(
        """
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split

    X_train, X_test, y_train, y_test = train_test_split(X, y)
    search = GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [1, 3, 5]}).fit(X_train, y_train)
    print(search.score(X_test, y_test))
    scores = []
    for k in range(1, 40):
        scores.append(cross_val_score(KNeighborsClassifier(n_neighbors=k), X_train, y_train).mean())
    best = max(scores)
    for name, model in models.items():
        model.fit(X_train, y_train)
        print(name, model.score(X_test, y_test))
    for seed in range(5):
        results.append(model.fit(X_train, y_train).score(X_test, y_test))
    """,
        title="Chosen by cross-validation; models compared; runs repeated",
    )
    rule.allows(
        """
    import torch

    def fit(model, train_loader, val_loader, test_loader):
        best_acc = 0
        for epoch in range(10):
            train(model, train_loader)
            acc = evaluate(model, val_loader)
            if acc > best_acc:
                best_acc = acc
                torch.save(model.state_dict(), "best.pt")
        print(evaluate(model, test_loader))

    def validate(model, valid_loader):
        best = 1e9
        for batch in valid_loader:
            loss = step(batch)
            if loss < best:
                best = loss
    """,
        title="The best epoch by validation data",
    )
    rule.flags(
        """
    import torch

    def fit(model, train_loader, test_loader):
        best_acc, best_class_acc, best_epoch = 0, 0, 0
        for epoch in range(10):
            train(model, train_loader)
            acc, class_acc = score(model, test_loader)
            if acc >= best_acc:
                best_acc = acc
                best_epoch = epoch
            if class_acc >= best_class_acc:
                best_class_acc = class_acc
            print(best_acc, best_class_acc)
            if acc >= best_acc:  # expect: DAT012
                torch.save(model.state_dict(), "best.pt")

    def watch(model, train_loader, test_loader):
        best = {"iou": 0.0}
        best_iou = 0.0
        for epoch in range(10):
            train(model, train_loader)
            metrics = {}
            for x, y in test_loader:
                metrics["iou"] = iou(model(x), y)
            if metrics["iou"] > best_iou:  # expect: DAT012
                best_iou = metrics["iou"]
            print("best so far", best_iou)
    """,
        title="Several scores of one test part",
    )
    rule.allows(
        """
    import torch

    def fit(model, train_loader, valid_loader, test_loader):
        best_loss = 1e9
        for epoch in range(10):
            train(model, train_loader)
            metrics = {"val_loss": score(model, valid_loader), "test_loss": score(model, test_loader)}
            if metrics["val_loss"] < best_loss:
                best_loss = metrics["val_loss"]
                torch.save(model.state_dict(), "best.pt")
    """,
        title="The score of the validation part among several",
    )
    rule.allows(
        """
    import numpy as np
    import torch

    def fit(model, train_loader, test_loader):
        best_cost = 1e9
        shown = [sound for sound, _ in zip(test_loader, range(4))]
        for sound in test_loader:
            keep(sound)
        for epoch in range(10):
            costs = [train(model, batch) for batch in train_loader]
            if np.asarray(costs).mean(0)[-1] < best_cost:
                best_cost = np.asarray(costs).mean(0)[-1]
                torch.save(model.state_dict(), "best.pt")
    """,
        title="The costs of training, beside test data that is listened to",
    )
    rule.allows(
        """
    import torch

    def evaluate(model, test_loader):
        best_error, best_scores = 1e9, []
        best_mse = 1e9
        model.load_state_dict(torch.load("best.pt", weights_only=True))
        mse, mae = score(model, test_loader)
        if best_mse > mse:
            best_mse = mse
            best_scores = [mse, mae]
        return best_scores
    """,
        title="One score is no choice",
    )
