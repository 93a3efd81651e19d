"""Changing a server that is loaded and does not know of it, and taking every change back."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
import sys
import textwrap
from types import FunctionType
from typing import TYPE_CHECKING, Any

import reference_server

if TYPE_CHECKING:
    from collections.abc import Callable

PACKAGE = reference_server.__name__


class PatchError(Exception):
    """The server no longer has what a fault wants to change."""


class Patch:
    """What a fault changes the server with; as a context, it takes all changes back at its end."""

    def __init__(self) -> None:
        load_everything()
        self._undo: list[Callable[[], None]] = []
        self._texts: dict[FunctionType, str] = {}

    def __enter__(self) -> Patch:
        return self

    def __exit__(self, *_: object) -> None:
        while self._undo:
            self._undo.pop()()

    @property
    def changes(self) -> int:
        """Count what has been changed."""
        return len(self._undo)

    def __call__(self, owner: Any, name: str, value: Any) -> None:
        """Set an attribute of a module or class, and every other name of the server for the same object."""
        if not hasattr(owner, name):
            raise PatchError(f"{owner.__name__} has no {name}")
        old = inspect.getattr_static(owner, name)
        self._set(owner, name, value)
        for module in _modules():
            for alias, held in list(vars(module).items()):
                if held is old and _is_own(old):
                    self._set(module, alias, value)
                elif isinstance(held, dict) and not alias.startswith("__"):
                    for key in [key for key, item in held.items() if item is old and _is_own(old)]:
                        self._set_item(held, key, value)

    def around(self, owner: Any, name: str) -> Callable[[Callable[..., Any]], None]:
        """Replace a function or method by the decorated one, which is given the original as its first argument."""
        if not hasattr(owner, name):
            raise PatchError(f"{owner.__name__} has no {name}")
        original = inspect.getattr_static(owner, name)

        def decorate(wrapper: Callable[..., Any]) -> None:
            self(owner, name, _bound(wrapper, original))

        return decorate

    def rewrite(self, function: Callable[..., Any], old: str, new: str) -> None:
        """Replace a piece of a function's text, which must stand there once, wherever the function is in use."""
        target = inspect.unwrap(function)
        if not isinstance(target, FunctionType):
            raise PatchError(f"{function!r} is no plain function")
        source = self._texts.get(target) or textwrap.dedent(inspect.getsource(target))
        if source.count(old) != 1:
            raise PatchError(f"{target.__qualname__} has {old!r} {source.count(old)} times")
        self._texts[target] = source.replace(old, new)
        before = target.__code__
        target.__code__ = _compile(self._texts[target], target)
        self._undo.append(lambda: setattr(target, "__code__", before))

    def _set(self, owner: Any, name: str, value: Any) -> None:
        before = inspect.getattr_static(owner, name)
        setattr(owner, name, value)
        self._undo.append(lambda: setattr(owner, name, before))

    def _set_item(self, owner: dict[Any, Any], key: Any, value: Any) -> None:
        before = owner[key]
        owner[key] = value
        self._undo.append(lambda: owner.__setitem__(key, before))


@functools.cache
def load_everything() -> None:
    """Import every module of the server."""
    for module in pkgutil.walk_packages(reference_server.__path__, f"{PACKAGE}."):
        importlib.import_module(module.name)


def _modules() -> list[Any]:
    return [module for name, module in list(sys.modules.items()) if name.partition(".")[0] == PACKAGE]


def _is_own(value: Any) -> bool:
    """Tell whether an object belongs to the server, so that the same object elsewhere has the same meaning."""
    return getattr(value, "__module__", "").partition(".")[0] == PACKAGE


def _bound(wrapper: Callable[..., Any], original: Any) -> Any:
    """Give the wrapper the original and the look of it; the original may be a property or a function."""
    if isinstance(original, property):
        assert original.fget is not None
        return property(functools.partial(wrapper, original.fget))
    call = original.__func__ if isinstance(original, staticmethod | classmethod) else original

    @functools.wraps(call)
    def replacement(*args: Any, **kwargs: Any) -> Any:
        return wrapper(call, *args, **kwargs)

    return replacement


def _compile(source: str, function: FunctionType) -> Any:
    """Compile a changed text of a function to code that fits in its place."""
    names = function.__code__.co_freevars
    header = "from __future__ import annotations\n"
    indented = textwrap.indent(source, "    ")
    wrapped = f"{header}def _outer({', '.join(names)}):\n{indented}\n    return {function.__name__}\n"
    scope: dict[str, Any] = {}
    exec(compile(wrapped, f"<{function.__qualname__}, changed>", "exec"), function.__globals__, scope)
    outer = scope["_outer"].__code__
    return next(code for code in outer.co_consts if getattr(code, "co_name", "") == function.__name__)
