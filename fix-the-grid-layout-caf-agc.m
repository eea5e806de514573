---
title: "Fix the grid layout"
id: "70b30ef8-e6eb-504a-ab0a-b17d5d131808"
created: "2024-11-24T09:54:01Z"
updated: "2024-11-24T09:59:00Z"
model: "gpt-5-codex"
mode: "Build"
messages: 24
turns: 3
tags: ["ui"]
favorite: false
directory: "/home/robin/src/site"
---

# Fix the grid layout

## 1. User · 2024-11-24 09:54:06 UTC

Look at this picture and fix the layout. The dark card slides under the yellow one as soon as the
window is narrower than 1100 px. It has been like this since the redesign.

*Image:* `image/png, 409 bytes`

*File:* `src/styles/grid.css`, lines 1 to 40

## 2. Reasoning · 2024-11-24 09:54:10 UTC

<details>
<summary>Reasoning</summary>

**Reading the picture**
Three cards should share one row. The third has left its track and overlaps the one below, so it is
placed by something other than the grid: a float, a negative margin, or an implicit row.

**Where to look**
The template columns first, then whatever still positions `.card:last-child`.

</details>

## 3. Tool call: shell · 2024-11-24 09:54:12 UTC

```sh
rg -n "grid|float|margin-left: -" src/styles
```

## 4. Tool output: shell · 2024-11-24 09:54:13 UTC

*ok · 0.1 s*

```text
src/styles/grid.css:4:  display: grid;
src/styles/grid.css:5:  gap: 1rem;
src/styles/grid.css:18:.card:last-child { float: right; margin-left: -3rem; }
src/styles/print.css:11:  grid-column: 1 / -1;
```

## 5. Tool call: shell · 2024-11-24 09:54:16 UTC

```sh
sed -n 1,24p src/styles/grid.css
```

## 6. Tool output: shell · 2024-11-24 09:54:17 UTC

*ok · 0.1 s*

```text
.cards {
  /* two columns on tablets, three on desktops */
  display: grid;
  gap: 1rem;
}
…
.card:last-child { float: right; margin-left: -3rem; }
```

## 7. Assistant · 2024-11-24 09:54:23 UTC

Found it. Two things together:

1. `.cards` has **no column template**, so every card gets an implicit row of its own;
2. `.card:last-child` still carries the `float` and the negative margin of the old layout. A float
   means nothing to a grid item, but the margin is obeyed: that is the 48 px by which it slides.

I will write the failing test first, then give the grid its template.

## 8. Tool call: shell · 2024-11-24 09:54:27 UTC

```sh
npx playwright test layout --reporter=line
```

## 9. Tool output: shell · 2024-11-24 09:54:34 UTC

*failed · 6.4 s*

```text
[1/3] layout.spec.ts: three cards share a row at 1280 px
[2/3] layout.spec.ts: no card overlaps another at 1024 px
  1) no card overlaps another at 1024 px

    Expected: 0
    Received: 1  (card 3 over card 4 by 48 px)

  1 failed, 2 passed (6.2s)
```

*Error:* `exit code 1`

## 10. Tool call: apply_patch · 2024-11-24 09:54:43 UTC

```diff
*** Begin Patch
*** Update File: src/styles/grid.css
@@
 .cards {
-  /* two columns on tablets, three on desktops */
   display: grid;
+  grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr));
   gap: 1rem;
 }
@@
-.card:last-child { float: right; margin-left: -3rem; }
*** End Patch
```

## 11. Tool output: apply_patch · 2024-11-24 09:54:44 UTC

*ok · 0.1 s*

```text
Success. Updated the following files:
M src/styles/grid.css
```

## 12. Tool call: shell · 2024-11-24 09:54:46 UTC

```sh
npx playwright test layout --reporter=line
```

## 13. Tool output: shell · 2024-11-24 09:54:52 UTC

*ok · 6.1 s*

```text
  3 passed (5.9s)
```

## 14. Assistant · 2024-11-24 09:54:57 UTC

The grid has a template now, and the leftover rule is gone:

```diff
 .cards {
   display: grid;
+  grid-template-columns: repeat(auto-fit, minmax(16rem, 1fr));
   gap: 1rem;
 }
-.card:last-child { float: right; margin-left: -3rem; }
```

| width   | before                | now         |
|---------|-----------------------|-------------|
| 1280 px | 3 columns, by luck    | 3 columns   |
| 1024 px | third card overlapped | 2 columns   |
| 480 px  | 1 column              | 1 column    |

`auto-fit` needs no media query: a card is never narrower than 16 rem, and the rest follows.

## 15. User · 2024-11-24 09:57:57 UTC

Good. Does printing still work? I remember that the print style did something with the grid.

## 16. Tool call: shell · 2024-11-24 09:58:00 UTC

```sh
cat src/styles/print.css
```

## 17. Tool output: shell · 2024-11-24 09:58:01 UTC

*ok · 0.1 s*

```text
@media print {
  .cards { display: block; }
  .card  { break-inside: avoid; grid-column: 1 / -1; }
}
```

## 18. Assistant · 2024-11-24 09:58:06 UTC

Yes. `print.css` turns the grid off altogether (`display: block`), so the new template has no say
there; `grid-column` has had no effect in it all along. I left the line alone, since it does no harm
and is not what you asked for.

## 19. User · 2024-11-24 09:58:46 UTC

Then take that out as well, please, and commit both.

## 20. Tool call: apply_patch · 2024-11-24 09:58:51 UTC

```diff
*** Begin Patch
*** Update File: src/styles/print.css
@@
-  .card  { break-inside: avoid; grid-column: 1 / -1; }
+  .card  { break-inside: avoid; }
*** End Patch
```

## 21. Tool output: apply_patch · 2024-11-24 09:58:52 UTC

*ok · 0.1 s*

```text
Success. Updated the following files:
M src/styles/print.css
```

## 22. Tool call: shell · 2024-11-24 09:58:55 UTC

```sh
git commit -am "Give the card grid its columns" -m "The last card kept the float and margin of the old layout and slid under its neighbour." && git show --stat --oneline
```

## 23. Tool output: shell · 2024-11-24 09:58:56 UTC

*ok · 0.3 s*

```text
9c41e02 Give the card grid its columns
 src/styles/grid.css  | 3 +--
 src/styles/print.css | 2 +-
 2 files changed, 2 insertions(+), 3 deletions(-)
```

## 24. Assistant · 2024-11-24 09:59:00 UTC

Committed as `9c41e02`. All three layout tests pass; nothing else was touched.
