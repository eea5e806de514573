"""Ages, sizes, and shares as the values of options."""

from __future__ import annotations

from typing import Any

import click

from agcx_tui.cli.common import AnyParam, microseconds_now


class Age(AnyParam):
    """`90d` or `2024-11`: a time in the past, as a `Timestamp`."""

    name = "age"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from agcx_tui.core.words.typed_values import BadValue, moment_before

        try:
            return moment_before(value, microseconds_now())
        except BadValue as error:
            self.fail(str(error), param, ctx)


class Bytes(AnyParam):
    """`10MB`: a number of bytes."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from agcx_tui.core.words.typed_values import BadValue, bytes_of

        if isinstance(value, int):
            return value
        try:
            return bytes_of(value)
        except BadValue as error:
            self.fail(str(error), param, ctx)


class Amount(AnyParam):
    """`10MB` or `20%`: a number of bytes, or a `Share`."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from agcx_tui.core.words.typed_values import BadValue, amount_of

        if not isinstance(value, str):
            return value
        try:
            return amount_of(value)
        except BadValue as error:
            self.fail(str(error), param, ctx)
