"""What the rule on fits before the split finds, and what looks alike."""

from reprocheck.rulekit import Rule


def show(rule: Rule) -> None:
    """Give a rule its examples."""
    rule.flags(
        """
    import pandas as pd
    from sklearn.preprocessing import StandardScaler
    from sklearn.model_selection import train_test_split

    df = pd.read_csv("data.csv")
    X, y = df.drop(columns=["y"]), df["y"]
    scaler = StandardScaler()
    X_scaled = scaler.fit_transform(X)  # expect: DAT010
    X_train, X_test, y_train, y_test = train_test_split(X_scaled, y, random_state=0)
    """,
        title="scaled, then split",
        fixed="""
    import pandas as pd
    from sklearn.preprocessing import StandardScaler
    from sklearn.model_selection import train_test_split

    df = pd.read_csv("data.csv")
    X, y = df.drop(columns=["y"]), df["y"]
    scaler = StandardScaler()
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    X_train = scaler.fit_transform(X_train)
    X_test = scaler.transform(X_test)
    """,
    )
    rule.flags(
        """
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.feature_selection import SelectKBest
    from sklearn.decomposition import PCA
    from sklearn.model_selection import KFold, train_test_split

    def prepare(texts, labels):
        features = TfidfVectorizer().fit_transform(texts)  # expect: DAT010
        best = SelectKBest(k=100).fit(features, labels)  # expect: DAT010
        features = best.transform(features)
        return train_test_split(features, labels)

    def folds(X, y):
        reduced = PCA(10).fit(X).transform(X)  # expect: DAT010
        for train, test in KFold(5).split(reduced):
            yield reduced[train], reduced[test]
    """,
        title="vectorised, selected, reduced",
    )
    rule.flags(
        """
    from sklearn.preprocessing import MinMaxScaler
    from sklearn.impute import SimpleImputer
    from sklearn.model_selection import StratifiedKFold, train_test_split

    imputer = SimpleImputer()
    imputer.fit(X)  # expect: DAT010
    X_train, X_test, y_train, y_test = train_test_split(X, y)
    X_train = imputer.transform(X_train)
    X_test = imputer.transform(X_test)

    table = MinMaxScaler().fit_transform(raw)  # expect: DAT010
    for train, test in StratifiedKFold(5).split(raw, y):
        model.fit(table[train], y[train])
    """,
        title="fitted on the whole, applied to the parts",
        fixed="""
    from sklearn.preprocessing import MinMaxScaler
    from sklearn.impute import SimpleImputer
    from sklearn.model_selection import StratifiedKFold, train_test_split

    imputer = SimpleImputer()
    X_train, X_test, y_train, y_test = train_test_split(X, y)
    imputer.fit(X_train)
    X_train = imputer.transform(X_train)
    X_test = imputer.transform(X_test)

    table = MinMaxScaler().fit_transform(raw)
    for train, test in StratifiedKFold(5).split(raw, y):
        model.fit(table[train], y[train])
    """,
    )
    rule.flags(
        """
    import pandas as pd
    from sklearn.model_selection import train_test_split

    df = pd.read_csv("data.csv")
    df["age"] = df["age"].fillna(df["age"].mean())  # expect: DAT010
    df.income = df.income.fillna(df.income.median())  # expect: DAT010
    normal = (df - df.mean()) / df.std()  # expect: DAT010
    train, test = train_test_split(normal)
    train["fare"] = train["fare"].fillna(normal["fare"].mean())  # expect: DAT010
    """,
        title="statistics by hand",
    )
    rule.flags(
        """
    from sklearn.preprocessing import RobustScaler
    from sklearn.model_selection import cross_val_score

    def scale(values):
        return RobustScaler().fit_transform(values)  # expect: DAT010

    data = scale(load("prices.csv"))
    train_data = data[:800]
    test_data = data[800:]

    other = RobustScaler().fit_transform(load("more.csv"))  # expect: DAT010
    scores = cross_val_score(model, other, y)
    """,
        title="in a function, split by slicing, cross-validated",
    )
    rule.flags(
        """
    from keras.preprocessing.text import Tokenizer
    from sklearn.preprocessing import OrdinalEncoder
    from sklearn.model_selection import train_test_split

    tokenizer = Tokenizer(num_words=1000)
    tokenizer.fit_on_texts(texts)  # expect: DAT010
    sequences = tokenizer.texts_to_sequences(texts)
    X_train, X_test = train_test_split(sequences)

    codes = OrdinalEncoder().fit_transform(table)  # expect: DAT010
    a, b = train_test_split(codes)
    """,
        title="vocabularies and categories",
        fixed="""
    from keras.preprocessing.text import Tokenizer
    from sklearn.preprocessing import OrdinalEncoder
    from sklearn.model_selection import train_test_split

    tokenizer = Tokenizer(num_words=1000)
    tokenizer.fit_on_texts(texts)
    sequences = tokenizer.texts_to_sequences(texts)
    X_train, X_test = train_test_split(sequences)

    encoder = OrdinalEncoder()
    a, b = train_test_split(table)
    a = encoder.fit_transform(a)
    b = encoder.transform(b)
    """,
    )
    rule.flags(
        {
            "features.py": """
        from sklearn.preprocessing import StandardScaler

        def scaled(table):
            scaler = StandardScaler()
            return scaler.fit_transform(table)  # expect: DAT010
        """,
            "train.py": """
        import pandas as pd
        from sklearn.model_selection import train_test_split
        from features import scaled

        table = pd.read_csv("data.csv")
        X = scaled(table)
        X_train, X_test = train_test_split(X, random_state=0)
        """,
        },
        title="scaled in another file",
    )
    rule.flags(
        {
            "src/preparation.py": """
        from sklearn.decomposition import PCA

        class Preparation:
            def __init__(self, size):
                self.pca = PCA(size)

            def fit(self, table):
                self.pca.fit(table)  # expect: DAT010
                return self

            def apply(self, table):
                return self.pca.transform(table)
        """,
            "src/splitting.py": """
        from sklearn.model_selection import train_test_split

        def divided(table):
            return train_test_split(table, random_state=0)
        """,
            "src/train.py": """
        import pandas as pd
        from src.preparation import Preparation
        from src.splitting import divided

        def main():
            table = pd.read_csv("data.csv")
            preparation = Preparation(10)
            preparation.fit(table)
            train, test = divided(preparation.apply(table))
        """,
        },
        title="a class in one file, the split in another",
    )
    rule.allows(
        {
            "features.py": """
        from sklearn.preprocessing import StandardScaler

        def scaled(train, test):
            scaler = StandardScaler().fit(train)
            return scaler.transform(train), scaler.transform(test)

        def cleaned(table):
            return table.dropna()
        """,
            "train.py": """
        import pandas as pd
        from sklearn.model_selection import train_test_split
        from features import cleaned, scaled

        table = cleaned(pd.read_csv("data.csv"))
        train, test = train_test_split(table, random_state=0)
        X_train, X_test = scaled(train, test)
        """,
        },
        title="split first, scaled in another file",
    )
    rule.allows(
        """
    from sklearn.preprocessing import StandardScaler, Normalizer, LabelEncoder, normalize
    from sklearn.model_selection import train_test_split

    y = LabelEncoder().fit_transform(df["species"])
    X = Normalizer().fit_transform(features)
    X = normalize(X)
    X_train, X_test, y_train, y_test = train_test_split(X, y)
    scaler = StandardScaler()
    X_train = scaler.fit_transform(X_train)
    X_test = scaler.transform(X_test)
    """,
        title="split first; row-wise steps; labels",
    )
    rule.allows(
        """
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.decomposition import PCA
    from sklearn.svm import SVC
    from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split

    pipe = make_pipeline(StandardScaler(), SVC())
    scores = cross_val_score(pipe, X, y)
    search = GridSearchCV(pipe, {"svc__C": [1, 10]}).fit(X, y)

    points = PCA(2).fit_transform(X)
    plt.scatter(points[:, 0], points[:, 1])
    X_train, X_test, y_train, y_test = train_test_split(X, y)
    pipe.fit(X_train, y_train)
    """,
        title="inside a pipeline; only drawn",
    )
    rule.allows(
        """
    from sklearn.preprocessing import StandardScaler
    from sklearn.model_selection import KFold, train_test_split

    scaler = StandardScaler().fit(X)
    X_train, X_test = train_test_split(X)
    scaler = StandardScaler()
    X_train = scaler.fit_transform(X_train)
    X_test = scaler.transform(X_test)

    for train, test in KFold(5).split(X):
        inner = StandardScaler().fit(X[train])
        model.fit(inner.transform(X[train]), y[train])

    print(df.mean(), df.max())
    pixels = images / 255.0
    rows = table - table.mean(axis=1)
    a, b = train_test_split(pixels)
    """,
        title="fitted anew on the training part; folds; per row",
    )
