"""The environment that a replay gets: as it is now, rebuilt, or a container's."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from reprocheck.app.replay_contents import stored_in
from reprocheck.app.replay_request import Progress, ReplayRequest
from reprocheck.capture.probes.packages import find_distributions
from reprocheck.model.plan import Executor, Need, Origin, Plan
from reprocheck.model.record import Gap, Package, Record
from reprocheck.replay.container import USER, ContainerSession, Image
from reprocheck.replay.docker import Engine
from reprocheck.replay.errors import ReplayError
from reprocheck.replay.inside import way_inside
from reprocheck.replay.inside_look import Look
from reprocheck.replay.rebuilding import Rebuilt, rebuild
from reprocheck.replay.recipes import Recipe, base_of, make_recipe, recorded_image
from reprocheck.replay.session import Session
from reprocheck.replay.sources import digest_of
from reprocheck.store.files import write_atomically
from reprocheck.store.store import Store


class World(msgspec.Struct, frozen=True, kw_only=True):
    """The environment that a replay gets, and how a session is made in it."""

    packages: tuple[Package, ...] | None
    """What is installed; None where that isn't known."""
    gaps: tuple[Gap, ...]
    session: Callable[[Plan, Record, Path], Session | ContainerSession]


def _in_place(rebuilt: Rebuilt) -> World:
    return World(
        packages=rebuilt.packages,
        gaps=rebuilt.gaps,
        session=lambda plan, record, folder: Session(plan, record, folder, python=rebuilt.python),
    )


def _in_container(request: ReplayRequest, record: Record, plan: Plan, store: Store, progress: Progress) -> World:
    """An image with the recorded packages; Raises ReplayError when there is no engine, base or package."""
    engine = Engine(request.environment)
    if (own := _own_image(request, record, engine)) is not None:
        return _in_recorded_image(engine, record, plan, store, own)
    if lost := _of_image(plan):
        reason = f"{lost[0].path} was read in a container whose image is not known any more"
        raise ReplayError(reason, "name the image with `--image`, or record again with REPROCHECK_IMAGE set")
    base = base_of(record, request.image)
    progress(f"looking for the image {base}")
    identity = engine.digest(base)
    wheels = _wheels(request)
    recipe = make_recipe(record, identity, wheels=_names(wheels), offline=request.offline)
    _keep(recipe, store)
    progress(f"building the image: {len(record.environment.packages)} packages")
    built = engine.build(recipe, wheels)
    inside, unseen = way_inside(engine, built, recipe, USER)
    image = Image(identity=built, recipe=recipe, inside=inside, gaps=unseen)
    return World(
        packages=record.environment.packages,
        gaps=(),
        session=lambda plan, run, folder: ContainerSession(plan, run, folder, engine, image),
    )


def planned_recipe(request: ReplayRequest, record: Record) -> Recipe:
    """The recipe as far as it is known without an engine: the base by its name. Raises ReplayError."""
    container = record.environment.container
    base = base_of(record, request.image)
    if container is not None and container.image_digest and not request.image:
        return recorded_image(record, base)
    return make_recipe(record, base, wheels=_names(_wheels(request)), offline=request.offline)


def _wheels(request: ReplayRequest) -> list[Path]:
    return [file for folder in request.wheels for file in sorted(folder.glob("*.whl"))]


def _names(wheels: Iterable[Path]) -> list[str]:
    return sorted(f"{file.name} {digest_of(file)}" for file in wheels)


def _keep(recipe: Recipe, store: Store) -> None:
    """In the store, for people: what every image was made of."""
    folder = store.folder / "images" / recipe.key
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (("Dockerfile", recipe.dockerfile), ("requirements.txt", recipe.requirements)):
        if not (folder / name).exists():
            write_atomically(folder / name, text.encode())


def _own_image(request: ReplayRequest, record: Record, engine: Engine) -> str | None:
    """The image of the container that the run was in; None where it was in none, or where another one is wanted."""
    container = record.environment.container
    if container is None or request.image:
        return None
    return base_of(record) if container.image_digest else engine.image_of(container.id) or None


def _of_image(plan: Plan) -> list[Need]:
    return [source.need for source in plan.outside if source.origin is Origin.IMAGE]


def _in_recorded_image(engine: Engine, record: Record, plan: Plan, store: Store, name: str) -> World:
    identity = engine.digest(name)
    recipe = recorded_image(record, identity)
    _keep(recipe, store)
    interpreter = record.environment.interpreter
    needed = _of_image(plan)
    look = Look(interpreter.paths if interpreter is not None else (), tuple(need.path for need in needed))
    inside, unseen = way_inside(engine, identity, recipe, USER, look)
    for need in needed:
        if inside is None or inside.seen.digests.get(need.path) != need.digest:
            reason = f"{need.path} is neither here nor in the image as the run found it"
            raise ReplayError(reason, "put the recorded content at that path, or record with `--store-inputs`")
    image = Image(identity=identity, recipe=recipe, inside=inside, gaps=unseen)
    return World(
        packages=inside.seen.packages if inside is not None else None,
        gaps=(),
        session=lambda plan, run, folder: ContainerSession(plan, run, folder, engine, image),
    )


def environment_for(request: ReplayRequest, record: Record, plan: Plan, store: Store, progress: Progress) -> World:
    """The environment that the replay gets: a container's, a rebuilt one, or the recorded one as it is now."""
    if request.executor is Executor.DOCKER:
        return _in_container(request, record, plan, store, progress)
    if request.executor is Executor.VENV:
        rebuilt = rebuild(
            record,
            lock=stored_in(store)(record.environment.lock.digest) if record.environment.lock is not None else None,
            folder=store.folder / "environments",
            wheels=request.wheels,
            offline=request.offline,
            progress=progress,
        )
        return _in_place(rebuilt)
    interpreter = record.environment.interpreter
    if interpreter is None:
        return _in_place(Rebuilt())
    if not Path(interpreter.executable).exists():
        raise ReplayError(
            f"the recorded interpreter {interpreter.executable} is gone", "replay with `--in venv` or `--in docker`"
        )
    distributions, gaps = find_distributions(interpreter.paths)
    return _in_place(Rebuilt(packages=tuple(found.package for found in distributions), gaps=gaps))
