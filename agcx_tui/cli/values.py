"""Ages, sizes, and shares as the values of options."""

from __future__ import annotations

from typing import Any

import click

from agcx_tui.cli.common import AnyParam, microseconds_now


class _Typed(AnyParam):
    """A value in the form in which the browser takes it, too."""

    def read(self, text: str) -> Any:
        """The value of a text; raises `BadValue`."""
        raise NotImplementedError

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from agcx_tui.core.words.typed_values import BadValue

        if not isinstance(value, str):
            return value
        try:
            return self.read(value)
        except BadValue as error:
            self.fail(str(error), param, ctx)


class Age(_Typed):
    """`90d` or `2024-11`: a time in the past, as a `Timestamp`."""

    name = "age"

    def read(self, text: str) -> Any:
        from agcx_tui.core.words.typed_values import moment_before

        return moment_before(text, microseconds_now())


class Bytes(_Typed):
    """`10MB`: a number of bytes."""

    name = "size"

    def read(self, text: str) -> Any:
        from agcx_tui.core.words.typed_values import bytes_of

        return bytes_of(text)


class Amount(_Typed):
    """`10MB` or `20%`: a number of bytes, or a `Share`."""

    name = "size"

    def read(self, text: str) -> Any:
        from agcx_tui.core.words.typed_values import amount_of

        return amount_of(text)
