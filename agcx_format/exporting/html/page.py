"""The page around conversations: a self-contained file that can do nothing.

Strategy: the content security policy allows one style sheet, by its hash, and pictures in the page itself; no
script, no font, no request. Colors follow the reader's system, and everything folded is unfolded in print.
"""

from __future__ import annotations

import base64
import hashlib

from agcx_format.exporting.html.markdown import escaped

__all__ = ["PAGE_END", "page_start"]

_STYLE = """
:root { color-scheme: light dark; --text: #1f2328; --muted: #59636e; --page: #ffffff;
  --panel: #f6f8fa; --line: #d1d9e0; --user: #0550ae; --assistant: #116329; --tool: #7d4e00;
  --link: #0550ae; --error: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --text: #e6e8eb; --muted: #9aa4af; --page: #14171a;
  --panel: #1e2226; --line: #363c42; --user: #79b8ff; --assistant: #7ee2a0; --tool: #e3b15a;
  --link: #79b8ff; --error: #ff8a80; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 54rem; color: var(--text);
  background: var(--page); font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .75rem; }
section + section { margin-top: 4rem; border-top: 3px solid var(--line); padding-top: 2rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1rem 1rem; margin: 0 0 1.5rem;
  color: var(--muted); font-size: .9rem; }
dd { margin: 0; color: var(--text); }
article { border-left: 3px solid var(--line); margin: 0 0 1rem; padding: .1rem 0 .1rem .9rem;
  unicode-bidi: isolate; }
article.user { border-color: var(--user); }
article.assistant { border-color: var(--assistant); }
article.tool { border-color: var(--tool); }
h2 { display: inline; font-size: .95rem; }
article > h2 { display: block; margin: 0 0 .4rem; }
.user > h2 { color: var(--user); } .assistant > h2 { color: var(--assistant); }
h2.rule { display: block; margin: 1.5rem 0; padding-top: .4rem; border-top: 1px solid var(--line);
  color: var(--muted); text-align: center; }
h2 a { color: var(--muted); text-decoration: none; font-weight: normal; }
h3, h4, h5, h6 { font-size: 1rem; margin: 1rem 0 .4rem; }
h3 { font-size: 1.1rem; }
time, .note { color: var(--muted); font-weight: normal; font-size: .85rem; }
.failed { color: var(--error); }
.note { margin: .2rem 0; }
summary { cursor: pointer; }
summary code { color: var(--muted); background: none; }
ul.plain { list-style: none; padding-left: 0; }
p, ul, ol, table, blockquote { margin: .4rem 0; }
a { color: var(--link); }
code, pre { font: .875em/1.45 ui-monospace, monospace; background: var(--panel); tab-size: 4; }
code { padding: .1em .3em; border-radius: 3px; }
pre { padding: .6rem .8rem; border: 1px solid var(--line); border-radius: 5px; overflow-x: auto;
  max-height: 40rem; white-space: pre-wrap; margin: .4rem 0; }
blockquote { border-left: 3px solid var(--line); padding-left: .8rem; color: var(--muted); margin-left: 0; }
table { border-collapse: collapse; } td, th { border: 1px solid var(--line); padding: .2rem .5rem; }
img { max-width: 100%; max-height: 40rem; }
@media print { body { max-width: none; padding: 0; font-size: 10pt; }
  pre { max-height: none; overflow: visible; } h2, summary { break-after: avoid; }
  details::details-content { content-visibility: visible; display: block; height: auto; } }
"""

_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

_POLICY = "; ".join(
    [
        "default-src 'none'",
        f"style-src 'sha256-{_HASH}'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
    ]
)

PAGE_END = "</body>\n</html>\n"


def page_start(title: str) -> str:
    """Everything up to the first conversation."""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_POLICY}">
<meta name="referrer" content="no-referrer">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escaped(title)}</title>
<style>{_STYLE}</style>
</head>
<body>
"""
