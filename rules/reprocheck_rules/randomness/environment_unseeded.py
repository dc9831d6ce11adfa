"""A program learns in an environment that it never seeds.

## Why
Gym environments have a random state of their own, which no global seed reaches: each run starts its episodes in other
states, and random actions are others. Scores of two runs then differ by luck, which in reinforcement learning is often
more than what an algorithm gains.

## Fix
    state, info = env.reset(seed=seed)  # the first time only
    env.action_space.seed(seed)  # the action space has a state of its own

`env.seed(seed)` before Gym 0.26; `make_vec_env(..., seed=seed)` in Stable-Baselines3.

## Notes
Silent where anything in the files that the program runs seems to seed an environment: a call of a `seed` method, a seed
handed to `reset`, to what makes the environment, or to an agent of Stable-Baselines3.
"""

import re
import textwrap
from collections.abc import Iterator

from reprocheck.rulekit import Confidence, Fix, InsertStatements, Match, Project, Rule, Safety, Where
from reprocheck.rulekit.execution import Happening, Run, argument_of
from reprocheck.rulekit.facts import Call, Value, ValueKind
from reprocheck_rules.randomness.seeding import story, trains

rule = Rule("RNG016", "environment-unseeded", __doc__)
_SEED = re.compile(r"(^|[._])(rng_|random_|env_|base_)?seeds?$")
_MAKER = re.compile(r"env|make|gym|vec|atari", re.IGNORECASE)
_GLOBAL = re.compile(r"^(random|numpy\.random|cupy\.random|torch(\.\w+)*|tensorflow(\.\w+)*|builtins)\.seed$")
_SPACE = re.compile(r"(action_space|space)s?(\(\))?\.seed$")

_RESET_TAKES_SEED = "0.22"
"""The first gym whose `reset` takes a seed."""


@rule.on_project
def check(project: Project) -> Iterator[Match]:
    """Runs that make an environment and seed none, or leave the random actions unseeded."""
    yield from project.of_runs(_of_run)


def _of_run(project: Project, run: Run) -> Iterator[Match]:
    made = [h for h in run.happenings if h.active and "makes-environment" in h.entry.roles]
    if not made or not trains(run):
        return
    drawn = [h for h in run.happenings if h.active and _draws_environment(h)]
    seeders = list(_seeders(project, run))
    if not seeders:
        yield _unseeded(project, run, made[0], drawn)
    elif not any(_SPACE.search(name) or name.startswith("?") for name in seeders):
        yield from _actions(project, run, drawn, made[0] if len(made) == 1 else None)


def _draws_environment(happening: Happening) -> bool:
    roles = happening.entry.roles
    return "environment" in roles and not roles.isdisjoint({"draw", "draw-implicit"})


def _unseeded(project: Project, run: Run, made: Happening, drawn: list[Happening]) -> Match:
    first = drawn[0] if drawn else made
    short = ".".join(_spelled(made).split(".")[-2:])
    takes_seed = _reset_takes_seed(project, made)
    how = "env.seed(seed)` once" if takes_seed is False else "env.reset(seed=seed)` the first time"
    if takes_seed is None:
        how += f" (`env.seed(seed)` before gym {_RESET_TAKES_SEED})"
    what = "is reset" if first.name.endswith("reset") else "is sampled"
    done = f"{what} and never" if drawn else "is never"
    return project.match(
        first.path,
        first.call.span,
        f"the environment that `{short}` makes {done} seeded, so that each run has other episodes; "
        f"call `{how}, and `env.action_space.seed(seed)`",
        confidence=_confidence(run, made),
        trail=[
            *story(project, run, made, "makes the environment"),
            *([project.note(first.path, first.call.span, what)] if drawn else []),
        ],
        fix=None
        if takes_seed is None
        else _fix(
            project,
            made,
            ["{name}.reset(seed=0)" if takes_seed else "{name}.seed(0)", "{name}.action_space.seed(0)"],
        ),
    )


def _spelled(made: Happening) -> str:
    """What the program calls: gym and gymnasium are one to the catalog."""
    return made.call.callee if made.call.callee[0].isalpha() else made.name


def _reset_takes_seed(project: Project, made: Happening) -> bool | None:
    """Whether `reset` takes a seed; None where that waits for the version of gym."""
    return project.versions.at_least("gym", _RESET_TAKES_SEED) if _spelled(made).startswith("gym.") else True


def _fix(project: Project, made: Happening, lines: list[str]) -> Fix | None:
    """Seeds behind the statement that makes the environment; the first reset decides on all that follow."""
    name = made.call.result
    # Of `self.env = make(...)` no more than the last part is known, so that methods are left alone.
    facts = project.index.files[made.path]
    function = next((f for f in facts.functions if any(event is made.call for event in f.events)), None)
    if not name.isidentifier() or function is None or function.method:
        return None
    text = "\n".join(line.format(name=name) for line in lines)
    edits = (InsertStatements(made.call.span, Where.AFTER, text, made.path),)
    return Fix("seed the environment", Safety.UNSAFE, edits)


def _actions(project: Project, run: Run, drawn: list[Happening], made: Happening | None) -> Iterator[Match]:
    sample = next((h for h in drawn if h.name.endswith("action_space.sample")), None)
    if sample is not None:
        confidence = _confidence(run, sample)
        yield project.match(
            sample.path,
            sample.call.span,
            "the environment is seeded, its action space is not and draws random actions from a state of its own; "
            "call `env.action_space.seed(seed)`",
            confidence=Confidence.MEDIUM if confidence is Confidence.HIGH else confidence,
            trail=story(project, run, sample, "draws an action"),
            fix=None if made is None else _fix(project, made, ["{name}.action_space.seed(0)"]),
        )


def _confidence(run: Run, happening: Happening) -> Confidence:
    if not run.complete:
        return Confidence.LOW
    return Confidence.HIGH if happening.certain else Confidence.MEDIUM


def _seeders(project: Project, run: Run) -> Iterator[str]:
    """Names of calls that seem to seed an environment, in all that the run executes or may execute."""
    for happening in run.happenings:
        roles = happening.entry.roles
        if "environment" in roles and "seeder" in roles:
            yield happening.name
        elif not roles.isdisjoint({"makes-environment", "agent", "environment"}) and happening.entry.seed_argument:
            argument = argument_of(happening.call, happening.entry, happening.entry.seed_argument)
            if argument is not None:
                yield happening.name
    yield from project.value_of(seeding_from, run.entry.path)


def seeding_from(project: Project, path: str) -> tuple[str, ...]:
    """Names of calls that seem to seed an environment, in a program and all that it imports."""
    return project.of_file(_seeding_from, path)


def _seeding_from(project: Project, path: str) -> Iterator[str]:
    for reached in sorted(project.index.reached([path])):
        if reached in project.index.files:
            yield from project.of_file(_seeding, reached)


def _seeding(project: Project, path: str) -> Iterator[str]:
    """Names of calls in a file that seem to seed an environment."""
    for function in project.index.files[path].functions:
        for event in function.events:
            if isinstance(event, Call) and _seems_to_seed(event):
                yield event.callee


def _seems_to_seed(call: Call) -> bool:
    last = call.callee.rpartition(".")[2]
    if last == "seed":
        return bool(call.arguments) and not _GLOBAL.search(call.callee)
    if last == "reset":
        return any(argument.name == "seed" for argument in call.arguments)
    if not _MAKER.search(call.callee):
        return False
    return any(_SEED.search(argument.name) or _is_seed(argument.value) for argument in call.arguments)


def _is_seed(value: Value | None) -> bool:
    """Whether a variable, parameter or option is called a seed."""
    if value is None or value.kind is ValueKind.CONSTANT:
        return False
    return bool(_SEED.search(value.path or str(value.value)))


rule.flags(
    """
    import gymnasium as gym
    import torch

    env = gym.make("CartPole-v1")
    torch.manual_seed(0)
    net = torch.nn.Linear(4, 2)
    for episode in range(100):
        state, info = env.reset()  # expect: RNG016
        torch.distributions.Categorical(net(state)).log_prob(1).backward()
    """,
    title="reset without a seed",
    fixed="""
    import gymnasium as gym
    import torch

    env = gym.make("CartPole-v1")
    env.reset(seed=0)
    env.action_space.seed(0)
    torch.manual_seed(0)
    net = torch.nn.Linear(4, 2)
    for episode in range(100):
        state, info = env.reset()
        torch.distributions.Categorical(net(state)).log_prob(1).backward()
    """,
)
rule.flags(
    {
        "main.py": """
        import gym
        import torch
        from agent import Agent

        def main():
            torch.manual_seed(1)
            env = gym.wrappers.RecordEpisodeStatistics(gym.make("Pendulum-v1"))
            agent = Agent(env)
            agent.learn()

        if __name__ == "__main__":
            main()
        """,
        "agent.py": """
        import torch
        import gym

        class Agent:
            def __init__(self, env):
                self.env = gym.make("Pendulum-v1")
                self.net = torch.nn.Linear(3, 1)

            def learn(self):
                state = self.env.reset()  # expect: RNG016
                self.net(state).sum().backward()
        """,
    },
    title="An agent in another file",
)
rule.flags(
    """
    import gymnasium as gym
    import torch

    envs = gym.vector.SyncVectorEnv([lambda: gym.make("Hopper-v4") for _ in range(4)])
    net = torch.nn.Linear(4, 2)
    states, _ = envs.reset()  # expect: RNG016
    net(states).sum().backward()
    """,
    title="Vector environments",
)
rule.flags(
    """
    from stable_baselines3 import PPO
    from stable_baselines3.common.env_util import make_vec_env

    env = make_vec_env("CartPole-v1", n_envs=4)  # expect: RNG016
    model = PPO("MlpPolicy", env)
    model.learn(10_000)
    """,
    title="Stable-Baselines3",
)
rule.flags(
    """
    import gymnasium as gym
    import torch

    torch.manual_seed(0)
    env = gym.make("CartPole-v1")
    net = torch.nn.Linear(4, 2)
    state, _ = env.reset(seed=0)
    for step in range(1000):
        action = env.action_space.sample()  # expect: RNG016
        state, reward, done, _, _ = env.step(action)
        net(state).sum().backward()
    """,
    title="Random actions from an unseeded space",
    fixed="""
    import gymnasium as gym
    import torch

    torch.manual_seed(0)
    env = gym.make("CartPole-v1")
    env.action_space.seed(0)
    net = torch.nn.Linear(4, 2)
    state, _ = env.reset(seed=0)
    for step in range(1000):
        action = env.action_space.sample()
        state, reward, done, _, _ = env.step(action)
        net(state).sum().backward()
    """,
)
rule.flags(
    """
    import gym
    import torch

    class Scaled(gym.Wrapper):
        def step(self, action):
            state, reward, done, info = self.env.step(action)
            return state / 255, reward, done, info

    env = Scaled(gym.make("Pong-v4"))
    net = torch.nn.Linear(4, 2)
    state = env.reset()  # expect: RNG016
    net(state).sum().backward()
    """,
    title="A wrapper of the program's own",
)
rule.allows(
    """
    import gymnasium as gym
    import torch

    env = gym.make("CartPole-v1")
    torch.manual_seed(0)
    env.action_space.seed(0)
    net = torch.nn.Linear(4, 2)
    state, info = env.reset(seed=0)
    for episode in range(100):
        action = env.action_space.sample()
        net(state).sum().backward()
        state, info = env.reset()
    """,
    title="The first reset is seeded, and the space",
)
rule.allows(
    {
        "train.py": """
        import argparse
        import gym
        import torch
        from envs import make_env

        parser = argparse.ArgumentParser()
        parser.add_argument("--seed", type=int, default=1)
        args = parser.parse_args()
        envs = gym.vector.SyncVectorEnv([make_env("Hopper-v4", args.seed + i) for i in range(4)])
        net = torch.nn.Linear(4, 2)
        states = envs.reset()
        net(states).sum().backward()
        """,
        "envs.py": """
        import gym

        def make_env(name, seed):
            def thunk():
                env = gym.make(name)
                env.seed(seed)
                env.action_space.seed(seed)
                return env

            return thunk
        """,
    },
    title="The function that makes environments seeds them",
)
rule.allows(
    """
    from stable_baselines3 import PPO
    from stable_baselines3.common.env_util import make_vec_env

    env = make_vec_env("CartPole-v1", n_envs=4, seed=0)
    PPO("MlpPolicy", env, seed=0).learn(10_000)
    """,
    title="Stable-Baselines3 with a seed",
)
rule.allows(
    """
    import gym
    from stable_baselines3 import PPO

    env = gym.make("CartPole-v1")
    model = PPO("MlpPolicy", env, seed=3)
    model.learn(10_000)
    """,
    title="The agent seeds its environment",
)
rule.allows(
    """
    import gymnasium as gym

    env = gym.make("CartPole-v1")
    state, _ = env.reset()
    for _ in range(100):
        env.step(env.action_space.sample())
        env.render()
    """,
    title="Nothing is learned",
)
rule.allows(
    """
    import gym
    import torch

    class Grid(gym.Env):
        def reset(self):
            return [0, 0]

    def make_agent(env):
        net = torch.nn.Linear(4, 2)
        net(env.reset()).sum().backward()
    """,
    title="A library",
)
_GYM = """
    import gym
    import torch

    env = gym.make("CartPole-v1"){mark}
    torch.manual_seed(0)
    net = torch.nn.Linear(4, 2)
    optimizer = torch.optim.Adam(net.parameters())
    net(torch.tensor(load(env))).sum().backward()
    optimizer.step()
"""
rule.flags(
    {"train.py": _GYM.format(mark="  # expect: RNG016"), "requirements.txt": "gym==0.15.3\n"},
    file="train.py",
    title="With a gym whose reset takes no seed",
    fixed=textwrap.dedent(_GYM.format(mark=""))
    .lstrip("\n")
    .replace("torch.manual_seed", "env.seed(0)\nenv.action_space.seed(0)\ntorch.manual_seed"),
)
