"""Pages as bytes: one Jinja environment per language, tuned once, here.

A page is mostly translated words and escaped values, and a stock environment pays for both at every request. Five
changes take that away, and a test renders every template both ways and compares the bytes:

1. calls whose arguments are known (`_('…')`, `icon('…')`, `asset('…')`) are answered when the template is compiled, and
   a sentence with values in it becomes text, value, text; what then stands side by side is written out together;
2. values go through an escape that builds no `Markup` object for each;
3. macros are called straight, not through the context, and take their arguments as they come; what they return is not
   escaped again, because it was inside;
4. attributes are read as Python reads them. Contexts therefore hold objects, never dicts, and a missing name raises;
5. imported files are run once, not once per import.

Templates belong to us; what people write reaches them as values only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from keyword import iskeyword
from pathlib import Path
from types import CodeType
from typing import Any

import jinja2
from jinja2 import nodes, pass_eval_context
from jinja2.compiler import CodeGenerator, Frame
from jinja2.environment import TemplateModule
from jinja2.runtime import Context, Macro, markup_join
from jinja2.utils import missing
from jinja2.visitor import NodeTransformer
from markupsafe import Markup

from web import assets, wording
from web.locales import LANGUAGE_NAMES, LOCALES, OPEN_GRAPH
from web.translations import Catalogue, catalogue

try:
    from markupsafe._speedups import _escape_inner
except ImportError:  # pragma: no cover - only where MarkupSafe has no compiled part
    from markupsafe._native import _escape_inner

TEMPLATES = Path(__file__).parent / "templates"
PURE: dict[str, Callable[..., str]] = {"icon": assets.icon, "asset": assets.url}
_VALUE = re.compile(r"%\((\w+)\)s|%%")


def render(template: str, locale: str, /, **context: object) -> bytes:
    """The page as UTF-8. `template` is a path under `web/templates`; `context` holds objects, no dicts.

    Raises:
        jinja2.UndefinedError: the template asks for a name that the context does not hold.
        AttributeError: … or for an attribute that an object does not have.
        KeyError: `locale` is none of `LOCALES`.
    """
    return environment(locale).get_template(template).render(context).encode()


def drawn(template: str, name: str, locale: str, /, *arguments: object) -> Markup:
    """What a macro of a template file gives by itself, for a part that is drawn apart from its page.

    Raises what `render` raises.
    """
    macro: _Macro = getattr(environment(locale).get_template(template).module, name)
    return Markup(macro.straight(*arguments))  # noqa: S704 - escaped inside


@cache
def environment(locale: str) -> jinja2.Environment:
    """The tuned environment of one language; made at its first use and kept."""
    words = catalogue(locale)
    made = LocaleEnvironment(words, autoescape=True, **_options())
    return _furnish(made, words)


def _options() -> dict[str, Any]:
    return {
        "loader": jinja2.FileSystemLoader(TEMPLATES),
        "extensions": ["jinja2.ext.i18n", "jinja2.ext.do"],
        "undefined": jinja2.StrictUndefined,
        "trim_blocks": True,
        "lstrip_blocks": True,
        "auto_reload": False,
        "cache_size": -1,
    }


def _furnish(made: jinja2.Environment, words: Catalogue) -> jinja2.Environment:
    made.install_gettext_translations(words.translations, newstyle=True)  # type: ignore[attr-defined]
    made.policies["ext.i18n.trimmed"] = True
    made.globals.update(
        PURE, locale=words.locale, locales=LOCALES, language_names=LANGUAGE_NAMES, open_graph=OPEN_GRAPH
    )
    made.filters.update(wording.filters(words))
    return made


class LocaleEnvironment(jinja2.Environment):
    """A Jinja environment that knows its language while it compiles."""

    def __init__(self, words: Catalogue, **options: Any) -> None:
        super().__init__(**options)
        self.words = words
        self.template_class = _Template
        self.code_generator_class = _CodeGenerator
        # The method of the same name looks for an item when there is no attribute; objects have attributes.
        self.getattr = getattr  # type: ignore[assignment,method-assign]

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        parsed = super()._parse(source, name, filename)
        folded: nodes.Template = _Folding(self.words).visit(parsed)
        _mark_straight_calls(folded)
        return folded


class _Template(jinja2.Template):
    """A template whose values go through `_escaped`, whose macros are `_Macro`, and which is imported ready-made."""

    @classmethod
    def from_code(
        cls,
        environment: jinja2.Environment,
        code: CodeType,
        globals: Any,  # noqa: A002 - Jinja's own name for it
        uptodate: Any = None,
    ) -> jinja2.Template:
        namespace = {"environment": environment, "__file__": code.co_filename}
        exec(code, namespace)  # noqa: S102 - the code that Jinja compiled from our template, as Jinja runs it
        namespace |= {"escape": _escaped, "Macro": _Macro, "markup_join": _joined}
        made = cls._from_namespace(environment, namespace, globals)
        made._uptodate = uptodate
        return made

    def _get_default_module(self, ctx: Context | None = None) -> TemplateModule:
        # Jinja compares the importer's globals with these at every import. There are none but the environment's.
        if self._module is None:
            self._module = self.make_module()
        return self._module


def _escaped(value: Any) -> str:
    """What `markupsafe.escape` gives, without the `Markup` around it: for the output position alone."""
    kind = type(value)
    if kind is str:
        return _escape_inner(value)
    if kind is Markup:
        return value  # type: ignore[no-any-return]
    if kind is int:
        return int.__repr__(value)
    if hasattr(value, "__html__"):
        return value.__html__()  # type: ignore[no-any-return]
    return _escape_inner(str(value))


def _joined(parts: Iterable[Any]) -> str:
    """What `a ~ b` gives: plain text unless a part is markup."""
    texts = [part if type(part) is str else int.__repr__(part) if type(part) is int else None for part in parts]
    return markup_join(parts) if None in texts else "".join(texts)  # type: ignore[arg-type]


class _Macro(Macro):
    """A macro that is quick when it is called with plain arguments.

    `straight` takes them alone and returns text that is escaped but not marked as such, for the output position.
    """

    def __init__(self, environment: jinja2.Environment, func: Callable[..., str], *about: Any) -> None:
        super().__init__(environment, func, *about)
        self._is_plain = not (self.caller or self.explicit_caller or self.catch_varargs or self.catch_kwargs)
        self.straight: Callable[..., str] = self
        if self._is_plain:
            func.__defaults__ = (missing,) * self._argument_count
            self.straight = func

    @pass_eval_context
    def __call__(self, *args: Any, **kwargs: Any) -> str:
        if kwargs or not self._is_plain:
            return super().__call__(*args, **kwargs)
        return Markup(self._func(*args[1:]))  # noqa: S704 - escaped inside


class _CodeGenerator(CodeGenerator):
    """Writes attributes and calls of macros as plain Python."""

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:
        if iskeyword(node.attr):
            super().visit_Getattr(node, frame)
            return
        self.write("(")
        self.visit(node.node, frame)
        self.write(f").{node.attr}")

    def visit_Call(self, node: nodes.Call, frame: Frame, forward_caller: bool = False) -> None:
        passed = getattr(node, "passed_first", None)
        if passed is None:
            super().visit_Call(node, frame, forward_caller=forward_caller)
            return
        self.visit(node.node, frame)
        if getattr(node, "is_straight", False):
            self._write_straight(node, frame)
            return
        self.write(f"({passed}")
        self.signature(node, frame, {"caller": "caller"} if forward_caller else None)
        self.write(")")

    def _write_straight(self, node: nodes.Call, frame: Frame) -> None:
        self.write(".straight(")
        for argument in node.args:
            self.visit(argument, frame)
            self.write(", ")
        self.write(")")

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if _is_plain_macro(node):
            node.is_straight = True  # type: ignore[attr-defined]
        else:
            super()._output_child_pre(node, frame, finalize)

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        if not _is_plain_macro(node):
            super()._output_child_post(node, frame, finalize)


def _is_plain_macro(node: nodes.Expr) -> bool:
    """A call of a macro with positional arguments alone."""
    if not isinstance(node, nodes.Call) or node.kwargs or node.dyn_args or node.dyn_kwargs:
        return False
    return getattr(node, "passed_first", None) == "context.eval_ctx"


def _mark_straight_calls(template: nodes.Template) -> None:
    """Mark the calls that certainly reach a macro (of an imported file, or of this one) or a function of ours."""
    taken = {name.name for name in template.find_all(nodes.Name) if name.ctx != "load"}
    files = {found.target for found in template.find_all(nodes.Import)} - taken
    macros = ({found.name for found in template.find_all(nodes.Macro)} | {"caller"}) - taken
    for call in template.find_all(nodes.Call):
        called = call.node
        whole = called.node if isinstance(called, nodes.Getattr) else called
        name = whole.name if isinstance(whole, nodes.Name) else ""
        if name in (files if isinstance(called, nodes.Getattr) else macros):
            call.passed_first = "context.eval_ctx"  # type: ignore[attr-defined]
        elif called is whole and name in PURE and name not in taken:
            call.passed_first = "*()"  # type: ignore[attr-defined]


class _Folding(NodeTransformer):
    """Answers at compile time what does not depend on the request.

    Translations become part of the template's own text, so they are trusted like it; `translations.check` refuses markup
    that the original does not have.
    """

    def __init__(self, words: Catalogue) -> None:
        self.words = words

    def visit_Call(self, node: nodes.Call) -> nodes.Node:
        self.generic_visit(node)
        name = node.node.name if isinstance(node.node, nodes.Name) else ""
        arguments = [part.value for part in node.args if isinstance(part, nodes.Const)]
        if node.kwargs or node.dyn_args or node.dyn_kwargs or len(arguments) != len(node.args):
            return node
        if name in ("_", "gettext") and len(arguments) == 1:
            said = self.words.gettext(arguments[0]).replace("%%", "%")
            return nodes.Const(Markup(said), lineno=node.lineno)  # noqa: S704 - see the class
        if name in PURE:
            return nodes.Const(PURE[name](*arguments), lineno=node.lineno)
        return node

    def generic_visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> nodes.Node:
        super().generic_visit(node, *args, **kwargs)
        for name in {"body", "else_"} & set(node.fields):
            statements = getattr(node, name)
            statements[:] = _together(statements)
        return node

    def visit_Output(self, node: nodes.Output) -> list[nodes.Node]:
        self.generic_visit(node)
        folded: list[nodes.Node] = []
        for child in node.nodes:
            said = self._sentence(child)
            if isinstance(said, nodes.If):
                folded.append(said)
            elif folded and isinstance(folded[-1], nodes.Output):
                folded[-1].nodes.extend(said)
            else:
                folded.append(nodes.Output(said, lineno=child.lineno))
        return folded

    def _sentence(self, child: nodes.Expr) -> list[nodes.Expr] | nodes.If:
        """The parts of a translated sentence with values; anything else as it is."""
        if (
            not isinstance(child, nodes.Call)
            or not isinstance(child.node, nodes.Name)
            or child.dyn_args
            or child.dyn_kwargs
        ):
            return [child]
        texts = [part.value for part in child.args if isinstance(part, nodes.Const)]
        values = {pair.key: pair.value for pair in child.kwargs}
        if child.node.name in ("_", "gettext") and len(texts) == len(child.args) == 1:
            return _spelled(self.words.gettext(texts[0]), values)
        if child.node.name == "ngettext" and len(texts) == 2 and self.words.two_forms:
            return self._counted(texts[0], texts[1], child.args[2], values)
        return [child]

    def _counted(self, one: str, many: str, number: nodes.Expr, values: dict[str, nodes.Expr]) -> nodes.If:
        values = {"num": number, **values}
        texts = (self.words.ngettext(one, many, 1), self.words.ngettext(one, many, 2))
        singular, plural = ([nodes.Output(_spelled(text, values), lineno=number.lineno)] for text in texts)
        single = nodes.Compare(number, [nodes.Operand("eq", nodes.Const(1))], lineno=number.lineno)
        return nodes.If(single, singular, [], plural, lineno=number.lineno)


def _together(statements: list[nodes.Node]) -> list[nodes.Node]:
    """The same statements, what is written out one after the other joined into one."""
    joined: list[nodes.Node] = []
    for statement in statements:
        if isinstance(statement, nodes.Output) and joined and isinstance(joined[-1], nodes.Output):
            joined[-1].nodes.extend(statement.nodes)
        else:
            joined.append(statement)
    return joined


def _spelled(text: str, values: dict[str, nodes.Expr]) -> list[nodes.Expr]:
    """`text` with its `%(name)s` replaced by the expressions of `values`."""
    parts: list[nodes.Expr] = []
    start = 0
    for found in _VALUE.finditer(text):
        if found.start() > start:
            parts.append(nodes.TemplateData(text[start : found.start()]))
        parts.append(values[found[1]] if found[1] else nodes.TemplateData("%"))
        start = found.end()
    if text[start:]:
        parts.append(nodes.TemplateData(text[start:]))
    return parts
